/** What a command works with: the one that serves on this host, or where that is away what it has left behind; and the store. */
import { statSync } from 'node:fs';
import { connect } from 'node:net';
import type { z } from 'zod';
import type { Exchange } from '../admin/contract/exchange.js';
import { presenceFile } from '../admin/contract/presence.js';
import { adminSocketOf, type Config, readConfig, readSockets } from '../config/config.js';
import { openStore } from '../store/open.js';
import type { VersionedStore } from '../store/versioned.js';
import { askAgent } from './agent-client.js';

export class Desk {
  private readonly sockets: readonly [string, ...string[]];
  private config: Config | undefined;

  constructor(
    private readonly env: NodeJS.ProcessEnv,
    /** Prints lines at once, for commands that go on. */
    readonly tell: (lines: readonly string[]) => void,
  ) {
    this.sockets = readSockets(env.PLUGIN_SOCKETS ?? '');
  }

  get adminSocket(): string {
    return adminSocketOf(this.sockets);
  }

  /** As the server takes them. Throws a UserError for settings that are wrong. */
  get settings(): Config {
    this.config ??= readConfig(this.env);
    return this.config;
  }

  /** Rejects with an AwayError when nobody serves on this host, and with a UserError when that refuses. */
  ask<Q extends z.ZodType, A extends z.ZodType>(
    exchange: Exchange<Q, A>,
    asked: z.input<Q>,
    patienceMs?: number,
  ): Promise<z.output<A>> {
    return askAgent(this.adminSocket, exchange, asked, patienceMs);
  }

  /** One sentence that says that nobody serves, and since when. */
  async away(): Promise<string> {
    const [socket] = this.sockets;
    if (await answers(socket))
      return `tsoverlay serves the engine on this host, but does not answer at ${this.adminSocket}; restart it`;
    const since = this.lastSeen();
    const when = since === undefined ? 'it has not since this host has booted' : `it did until ${secondsOf(since)}`;
    return `tsoverlay does not serve on this host: nobody answers at ${socket}; ${when}`;
  }

  /** Opens the store that the settings name, and closes it in the end. Rejects with what it does not do. */
  async withStore<T>(work: (store: VersionedStore) => Promise<T>): Promise<T> {
    const store = await openStore(this.settings);
    try {
      await store.check();
      return await work(store);
    } finally {
      await store.close();
    }
  }

  private lastSeen(): Date | undefined {
    return statSync(presenceFile(this.adminSocket), { throwIfNoEntry: false })?.mtime;
  }
}

/** ISO 8601: seconds are enough, and the zone is said. */
export const secondsOf = (date: Date | string): string => new Date(date).toISOString().replace(/\.\d+Z$/, 'Z');

const answers = (socket: string): Promise<boolean> =>
  new Promise((resolve) => {
    const caller = connect(socket);
    const end = (isThere: boolean) => {
      caller.destroy();
      resolve(isThere);
    };
    caller.once('connect', () => end(true)).once('error', () => end(false));
  });
