import { hostname } from 'node:os';
import * as z from 'zod';
import { hasCode, UserError } from '../../errors.js';
import { command } from '../frame/command.js';
import type { Desk } from '../frame/desk.js';
import { onHost } from '../frame/host-path.js';
import { Door } from '../page/door.js';
import { OwnSite } from '../page/own-site.js';

/** Until somebody ends the process, s. */
const FOR_EVER_S = 1_000_000;

export const ui = command({
  usage: 'ui',
  about: 'serve a page on loopback that shows the cluster: hosts, networks, containers, findings; until it is ended',
  example: 'tsoverlay ui --port 8080',
  options: [{ flags: '--port <number>', about: 'of loopback; without it any that is free' }],
  json: z.object({ url: z.string() }),
  seconds: () => FOR_EVER_S,
  async run(desk, { options }) {
    const { url } = await opened(readPort(options.port), desk);
    desk.tell(
      [`${url} shows the cluster, on this host alone, until this command is ended`, elsewhere(desk.adminSocket)],
      { url },
    );
    await new Promise(() => {});
    return { lines: [], json: { url }, exit: 0 };
  },
});

const elsewhere = (socket: string): string =>
  `from elsewhere: ssh -L 8080:${onHost(socket)} root@${hostname()}, and then http://localhost:8080/ there; this command is not needed for that`;

async function opened(port: number, desk: Desk): Promise<Door> {
  const own = new OwnSite(desk);
  try {
    return await Door.open({ port, adminSocket: desk.adminSocket, ownSite: () => own.get() });
  } catch (e) {
    if (!hasCode(e, 'EADDRINUSE', 'EACCES')) throw e;
    throw new UserError(`--port is ${port}, which another process has on loopback; name another, or none`);
  }
}

function readPort(text: unknown): number {
  if (text === undefined) return 0;
  const port = Number(text);
  if (!/^\d{1,5}$/.test(String(text)) || port < 1 || port > 65_535)
    throw new UserError(`--port is "${String(text)}"; it must be a number from 1 to 65535`);
  return port;
}
