/**
 * What the local engine has of our networks. A list of hundreds takes both sides milliseconds: so it is asked for at the
 * start, when something went wrong, and every now and then; in between the engine tells which network came or went.
 */
import type { Engine, EngineNetwork } from '../../model/ports/engine-port.js';
import { isId } from '../../model/values/shapes.js';
import type { EngineNetworkId, NetworkId } from '../../model/values/types.js';

/** A list that is due with the timer of the loop counts as due a little earlier, ms. */
const LIST_MS = 29_000;

export class EngineNetworks {
  private known = new Map<EngineNetworkId, EngineNetwork>();
  /** When it was all listed, by performance.now(). */
  private listed = Number.NEGATIVE_INFINITY;
  private readonly doubted = new Set<EngineNetworkId>();

  constructor(
    private readonly engine: Pick<Engine, 'networks'>,
    /** Told of each mirror that is found. */
    private readonly onMirror: (id: EngineNetworkId, of: NetworkId) => void,
  ) {}

  /** The engine is asked about this network before the next answer; about all when none is named. */
  doubt(network?: EngineNetworkId): void {
    if (network === undefined) this.listed = Number.NEGATIVE_INFINITY;
    else this.doubted.add(network);
  }

  forget(network: EngineNetworkId): void {
    this.known.delete(network);
  }

  async all(): Promise<readonly EngineNetwork[]> {
    const doubted = [...this.doubted];
    this.doubted.clear();
    try {
      if (performance.now() - this.listed >= LIST_MS) await this.list();
      else for (const id of doubted) await this.ask(id);
    } catch (e) {
      this.doubt();
      throw e;
    }
    return [...this.known.values()];
  }

  /** Whether the engine has such a network at this moment. */
  async find(only: Parameters<Engine['networks']>[0], isIt: (network: EngineNetwork) => boolean): Promise<boolean> {
    const found = (await this.engine.networks(only)).find(isIt);
    if (found !== undefined) this.keep(found);
    return found !== undefined;
  }

  private async list(): Promise<void> {
    const began = performance.now();
    // What is doubted while the engine answers is asked for the next time.
    this.listed = began;
    const networks = await this.engine.networks();
    this.known = new Map();
    for (const network of networks) this.keep(network);
  }

  private async ask(id: EngineNetworkId): Promise<void> {
    const found = (await this.engine.networks({ id })).find((network) => network.id === id);
    if (found === undefined) this.known.delete(id);
    else this.keep(found);
  }

  private keep(network: EngineNetwork): void {
    this.known.set(network.id, network);
    const { id, mirrorOf } = network;
    if (mirrorOf !== undefined && isId(mirrorOf)) this.onMirror(id, mirrorOf);
  }
}
