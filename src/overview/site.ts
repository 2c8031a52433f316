/** Serves the page, its data, and what is news of them: on the admin socket, and where `tsoverlay ui` listens. */
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Edge, Finding, Word } from '../admin/contract/overview.js';
import { UserError } from '../errors.js';
import { readDocument } from './document.js';
import { type News, NO_NEWS, Teller } from './news.js';
import type { Sight } from './sight.js';
import { textOf } from './text.js';
import type { Watching } from './watching.js';

/** How long the first answer waits for all of the cluster, ms. */
const FIRST_MS = 4_000;
/** How long an answer that is the only one waits for the other hosts, which look at themselves first, ms. */
const OTHERS_MS = 6_000;
/** As often somebody who looks is told what is news, ms. */
const EVERY_MS = 2_000;
/** Without news something is sent all the same: so whoever is gone is noticed, ms. */
const ALIVE_MS = 15_000;

const CROWDED = 'too many look at the cluster already; close a page';

/** For programs that are no browser nothing of it matters. */
const HEADERS = {
  'x-frame-options': 'DENY',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};

/** The other hosts while somebody looks: the ways to them, as probes find them, and what they say of themselves. */
export interface OthersPort {
  /** These two are the same values as long as nothing else was found. */
  readonly edges: readonly Edge[];
  readonly words: readonly Word[];
  /** Probes and asks where the last time is a while ago; resolves once that is done. Never rejects. */
  look(): Promise<void>;
}

export interface SiteParts {
  readonly sight: Sight;
  /** The node that tells; empty where that has no id yet. */
  readonly self: () => string;
  readonly findings: () => readonly Finding[];
  readonly others: OthersPort;
  readonly ending: AbortSignal;
}

export class Site {
  constructor(private readonly parts: SiteParts) {}

  /** Throws a UserError when the page was not built. */
  servePage(res: ServerResponse): void {
    const { before, behind, policy } = readDocument();
    res.writeHead(200, {
      ...HEADERS,
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': `${policy}; frame-ancestors 'none'`,
    });
    res.end(`${before}null${behind}`);
  }

  /** All that there is, as one value. */
  async serveOverview(res: ServerResponse): Promise<void> {
    await this.look(res, async (watching) => {
      res.writeHead(200, { ...HEADERS, 'content-type': 'application/json' });
      // The rest takes seconds where hosts are away: who waits is to know that somebody is there.
      res.flushHeaders();
      for await (const piece of this.overview(watching)) res.write(piece);
      res.end('\n');
    });
  }

  /** The same as one text. Rejects with a UserError when too many look. */
  async text(): Promise<string> {
    const text = await this.parts.sight.during(async (watching) => {
      let whole = '';
      for await (const piece of this.overview(watching)) whole += piece;
      return whole;
    });
    if (text === undefined) throw new UserError(CROWDED);
    return text;
  }

  private async *overview(watching: Watching): AsyncGenerator<string> {
    await Promise.all([watching.ready(FIRST_MS), Promise.race([this.parts.others.look(), sleep(OTHERS_MS)])]);
    yield* textOf(this.news(watching, new Teller()) ?? NO_NEWS, this.parts.self());
  }

  /** All of it first, and then what is news, until whoever looks is gone. Server-sent events. */
  async serveNews(res: ServerResponse): Promise<void> {
    await this.look(res, async (watching) => {
      const gone = new AbortController();
      res.once('close', () => gone.abort());
      const end = AbortSignal.any([gone.signal, this.parts.ending]);
      res.writeHead(200, { ...HEADERS, 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' });
      res.flushHeaders();
      await watching.ready(FIRST_MS);
      await this.tellNews(res, watching, end);
      res.end();
    });
  }

  private async tellNews(res: ServerResponse, watching: Watching, end: AbortSignal): Promise<void> {
    const teller = new Teller();
    let told = performance.now();
    while (!end.aborted) {
      // Whoever does not read is told later, of what is so by then.
      const news = res.writableNeedDrain ? undefined : this.news(watching, teller);
      if (news !== undefined) await this.tell(res, news);
      else if (performance.now() - told > ALIVE_MS && !res.writableNeedDrain) res.write(':\n\n');
      else {
        await sleep(EVERY_MS, undefined, { signal: end, ref: false }).catch(() => undefined);
        continue;
      }
      told = performance.now();
    }
  }

  private async tell(res: ServerResponse, news: News): Promise<void> {
    res.write('data: ');
    for await (const piece of textOf(news, this.parts.self())) res.write(piece);
    res.write('\n\n');
  }

  private async look(res: ServerResponse, work: (watching: Watching) => Promise<void>): Promise<void> {
    const seen = await this.parts.sight.during(async (watching) => {
      await work(watching);
      return true;
    });
    if (seen === undefined) res.writeHead(503, HEADERS).end(`${JSON.stringify({ error: CROWDED })}\n`);
  }

  private news({ current: cluster, confirmed }: Watching, teller: Teller): News | undefined {
    const { findings, others } = this.parts;
    void others.look();
    const { edges, words } = others;
    return teller.next({ cluster, confirmed, findings: findings(), edges, words });
  }
}
