/** Keeps up with who is on the networks of other drivers that containers of ours are on as well. */
import type { RowPorts } from '../../health/row.js';
import type { Engine, EngineContainer, EngineEvent } from '../../model/ports/engine-port.js';
import type { ForeignNetworks } from '../../registry/local/foreign-networks.js';
import { Loop } from '../loop/loop.js';

/** The pass over containers has it run more often. */
const RESYNC_MS = 600_000;
/** As long a container's questions wait for what its other networks have, ms. */
const LOOK_MS = 500;
/** Containers that are taken over at once. */
const PIECE = 64;

export interface ForeignPassOptions {
  readonly engine: Pick<Engine, 'inspect' | 'named' | 'placed'>;
  readonly networks: ForeignNetworks;
  readonly rows: RowPorts<'engine.foreign'>;
}

export class ForeignPass {
  private readonly loop: Loop<'foreign'>;

  constructor(private readonly options: ForeignPassOptions) {
    this.loop = new Loop(() => this.pass(), {
      resyncMs: () => RESYNC_MS,
      row: () => options.rows.of('engine.foreign').row(),
      describe: () => 'the look at networks of other drivers',
    });
  }

  /** Compares all of them. */
  kick(): void {
    this.loop.kick('foreign');
  }

  /** The engine has told of a running container. A promise while one of its networks is still to be looked at. */
  see(container: EngineContainer): Promise<void> | undefined {
    const { networks } = this.options;
    networks.see(container);
    if (!networks.isUntold(container.id)) return undefined;
    return this.loop.settled('foreign', LOOK_MS).catch(() => {});
  }

  forget(container: string): void {
    this.options.networks.forget(container);
  }

  /** True when the container is to be looked at anew. */
  onEvent({ action, network, container }: EngineEvent & { type: 'foreign' }): boolean {
    const { networks } = this.options;
    if (!networks.concerns(network, container)) return false;
    if (action === 'disconnect') networks.leave(network, container);
    return true;
  }

  /** See {@link Loop.stop}. */
  stop(): Promise<void> {
    return this.loop.stop();
  }

  /** One inspect for each container that is not known yet, none for the others. */
  private async pass(): Promise<boolean> {
    const { engine, networks } = this.options;
    await this.learnTraits();
    const looked = new Map([...networks.all].filter(([, { traits }]) => traits !== undefined));
    if (looked.size === 0) return false;
    // What was known before the engine's answer is older than that.
    const known = [...looked].flatMap(([id, network]) =>
      [...network.endpoints.keys()].map((c) => ({ id, network, c })),
    );
    const placed = await engine.placed();
    for (const { id, network, c } of known) {
      const endpoint = placed.get(c)?.get(id);
      if (!placed.has(c)) networks.forget(c);
      else if (endpoint === undefined || !network.has(c, endpoint)) network.delete(c);
    }
    const unknown = [...placed].filter(([container, at]) =>
      [...at].some(([id, endpoint]) => looked.get(id)?.has(container, endpoint) === false),
    );
    const ids = unknown.map(([id]) => id);
    for (let i = 0; i < ids.length; i += PIECE)
      for (const container of await engine.inspect(ids.slice(i, i + PIECE))) networks.see(container);
    for (const network of looked.values()) network.isListed = true;
    return true;
  }

  private async learnTraits(): Promise<void> {
    const untold = [...this.options.networks.all].filter(([, { traits }]) => traits === undefined);
    if (untold.length === 0) return;
    const named = await this.options.engine.named();
    for (const [id, network] of untold) network.traits = named.get(id) ?? 'nameless';
  }
}
