/**
 * Where `tsoverlay ui` listens: on loopback, which other users and containers of the host reach too, so all is below a path
 * that nobody can guess. The one that serves answers; while it is away, this process does.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { overviewExchange } from '../../admin/contract/overview.js';
import { foreignness } from '../../model/web/loopback.js';
import type { Site } from '../../overview/site.js';

export interface DoorParts {
  /** 0: any that is free. */
  readonly port: number;
  readonly adminSocket: string;
  /** Answers while nobody does at the admin socket. */
  readonly ownSite: () => Promise<Site>;
  readonly patience?: Patience;
}

/** With one that serves and hangs, ms. */
interface Patience {
  /** Until its answer begins. */
  readonly headMs: number;
  /** Between two parts of an answer: of news there is one every 15 s. */
  readonly quietMs: number;
}
const PATIENCE: Patience = { headMs: 3_000, quietMs: 40_000 };

type Answer = (site: Site, res: ServerResponse) => Promise<void> | void;

const PATHS: ReadonlyMap<string, Answer> = new Map<string, Answer>([
  ['/', (site, res) => site.servePage(res)],
  [overviewExchange.path, (site, res) => site.serveOverview(res)],
  [`${overviewExchange.path}/events`, (site, res) => site.serveNews(res)],
]);

export class Door {
  private constructor(
    private readonly server: Server,
    private readonly secret: string,
  ) {}

  /** Rejects when the port is taken. */
  static async open(parts: DoorParts): Promise<Door> {
    const secret = randomBytes(16).toString('hex');
    const server = createServer((req, res) => void serve(req, res, secret, parts));
    server.listen({ host: '127.0.0.1', port: parts.port });
    await once(server, 'listening');
    return new Door(server, secret);
  }

  get url(): string {
    // It listens on TCP: this is no path.
    const { port } = this.server.address() as AddressInfo;
    return `http://127.0.0.1:${port}/${this.secret}/`;
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}

async function serve(req: IncomingMessage, res: ServerResponse, secret: string, parts: DoorParts): Promise<void> {
  const words = foreignness(req.headers);
  if (words !== undefined) return refuse(res, 403, words);
  const path = req.url?.startsWith(`/${secret}/`) === true ? req.url.slice(secret.length + 1) : undefined;
  const answer = path === undefined || req.method !== 'GET' ? undefined : PATHS.get(path);
  if (path === undefined || answer === undefined) return refuse(res, 404, 'there is nothing here');
  if (await passedOn(path, res, parts)) return;
  try {
    await answer(await parts.ownSite(), res);
  } catch (e) {
    if (res.headersSent) res.destroy();
    else refuse(res, 500, e instanceof Error ? e.message : String(e));
  }
}

/** False, and nothing said, when nobody answers at the admin socket. */
function passedOn(path: string, res: ServerResponse, { adminSocket, patience }: DoorParts): Promise<boolean> {
  const { headMs, quietMs } = patience ?? PATIENCE;
  return new Promise((resolve) => {
    const to = { socketPath: adminSocket, path, agent: false, headers: { host: 'localhost' } };
    const asked = request(to, (answer) => {
      asked.setTimeout(quietMs);
      resolve(true);
      res.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(res);
      answer.on('error', () => res.destroy()).on('close', () => res.end());
    });
    asked.setTimeout(headMs, () => asked.destroy());
    asked.on('error', () => resolve(false)).end();
    res.on('close', () => asked.destroy());
  });
}

function refuse(res: ServerResponse, status: number, words: string): void {
  res.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' });
  res.end(`${words}\n`);
}
