/** What a command works with: the one that serves on this host, or where that is away what it has left behind; and the store. */
import { readFileSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import type * as z from 'zod';
import type { Exchange } from '../../admin/contract/exchange.js';
import { type Presence, presence, presenceFile, rememberedFile } from '../../admin/contract/presence.js';
import { statusExchange } from '../../admin/contract/status.js';
import { adminSocketOf, type Config, DEFAULT_DATA_DIR, readConfig, readSockets } from '../../config/config.js';
import { NotYetError } from '../../errors.js';
import { NOBODY } from '../../health/row.js';
import type { Entry } from '../../model/ports/ports.js';
import { keys } from '../../model/values/names.js';
import type { NodeAddress, NodeId } from '../../model/values/types.js';
import { HostMemory } from '../../store/data-dir/host-memory.js';
import { openBeside } from '../../store/open.js';
import { parseNode } from '../../store/records/records.js';
import type { VersionedStore } from '../../store/versioned.js';
import { askAgent, isAway } from './agent-client.js';
import { within } from './deadline.js';
import { onHost } from './host-path.js';

/** A command is to say something within 5 s. */
const STORE_S = 3;

export class Desk {
  private readonly sockets: readonly [string, ...string[]];
  private config: Config | undefined;
  private trouble: string | undefined;

  constructor(
    private readonly env: NodeJS.ProcessEnv,
    /** Prints at once, for commands that go on: lines, or the JSON in their place. */
    readonly tell: (lines: readonly string[], json: unknown) => void,
  ) {
    this.sockets = readSockets(env.PLUGIN_SOCKETS ?? '');
  }

  get adminSocket(): string {
    return adminSocketOf(this.sockets);
  }

  /**
   * As the one that serves takes them: what is not in the environment is as it was typed for that one. Throws a UserError
   * for settings that are wrong; an address that this host does not have is only told of, see {@link troubles}.
   */
  get settings(): Config {
    this.config ??= this.read({ ...this.presence?.settings, ...this.env });
    return this.config;
  }

  /** What of the settings is not so at the moment. */
  get troubles(): readonly string[] {
    return this.trouble === undefined ? [] : [this.trouble];
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
      return `tsoverlay serves the engine on this host, but does not answer at ${onHost(this.adminSocket)}: it is starting, or waits for what its log names; if neither, restart it`;
    const since = this.lastSeen();
    const when = since === undefined ? 'it has not since this host has booted' : `it did until ${secondsOf(since)}`;
    return `tsoverlay does not serve on this host: nobody answers at ${onHost(socket)}; ${when}`;
  }

  /** Opens the store that the settings name, and closes it in the end. Rejects with what it does not do in that time. */
  withStore<T>(work: (store: VersionedStore) => Promise<T>, seconds = STORE_S): Promise<T> {
    return within(seconds, this.openedStore(work), 'the store did not answer');
  }

  /** Close it. In the embedded store only the one that serves can change anything. */
  async openStore(): Promise<VersionedStore> {
    const { settings } = this;
    if (settings.consul !== undefined) return openBeside(settings, () => false);
    // One that hangs goes on some time.
    const isServed = await this.isServed();
    const { node } = HostMemory.open(settings.dataDir, NOBODY);
    return openBeside(settings, (entry) => isServed && isNodeOf(entry, node?.id, settings.advertise));
  }

  private async openedStore<T>(work: (store: VersionedStore) => Promise<T>): Promise<T> {
    const store = await this.openStore();
    try {
      await store.check();
      return await work(store);
    } finally {
      await store.close();
    }
  }

  private read(env: NodeJS.ProcessEnv): Config {
    try {
      return readConfig(env);
    } catch (e) {
      if (!(e instanceof NotYetError)) throw e;
      this.trouble = e.message;
      return readConfig({ ...env, CLUSTER_ADVERTISE: 'lo' });
    }
  }

  /** What the one that serves, or served last, has left behind. */
  private get presence(): Presence | undefined {
    const remembered = rememberedFile(this.env.DATA_DIR || DEFAULT_DATA_DIR);
    return presenceIn(presenceFile(this.adminSocket)) ?? presenceIn(remembered);
  }

  /** Whether somebody listens at the admin socket, who may hang. */
  isServed(): Promise<boolean> {
    return answers(this.adminSocket);
  }

  /** Whether who listens there says something, be it a refusal. */
  isAnswered(): Promise<boolean> {
    return this.ask(statusExchange, {}).then(
      () => true,
      (e: unknown) => !isAway(e),
    );
  }

  /** When the one that served last was last alive; undefined where none has since this host has booted. */
  lastSeen(): Date | undefined {
    return statSync(presenceFile(this.adminSocket), { throwIfNoEntry: false })?.mtime;
  }
}

function presenceIn(path: string): Presence | undefined {
  try {
    return presence.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    return undefined;
  }
}

const isNodeOf = (entry: Entry, id: NodeId | undefined, address: NodeAddress): boolean =>
  entry.key === keys.node(address) || (entry.key.startsWith(keys.nodes) && parseNode(entry)?.id === id);

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
