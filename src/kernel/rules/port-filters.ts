/**
 * The filters of one namespace's ports. All of them are read once; afterwards the number of the ruleset's generation,
 * which grows with each change by anybody, tells whether they are still as they were: looking costs one question,
 * whatever their number, and a change of ours costs that port alone.
 */
import { setImmediate as breathe } from 'node:timers/promises';
import { Mutex } from 'async-mutex';
import { isKernelError } from '../../errors.js';
import type { Sender } from '../../model/plan/namespace-plan.js';
import type { ObservedFilter } from '../../model/plan/observed.js';
import { Access } from '../netfilter/access.js';
import { generationOf } from '../netfilter/generation.js';
import { kernelError } from '../system/errno.js';
import type { HeldNamespace } from '../system/held-namespace.js';
import { filterBatch, listFilters, noFilterBatch, readFilter } from './port-filter.js';

/** Somebody may go on changing rules while they are read. */
const TRIES = 5;

interface Known extends ObservedFilter {
  /** Index of the port when this was read. Before Linux 6.16 a hook goes with its device, and no generation tells. */
  readonly port: number | undefined;
}

/** `all rules`: there are others of ours in the namespace. */
export type Heed = 'filters' | 'all rules';

export class PortFilters {
  private open: Access | undefined;
  /** One look or change at a time: what is known is of one moment. */
  private readonly turn = new Mutex();
  private known = new Map<string, Known>();
  /** Of the ruleset that `known` is about; undefined when that is to be read. */
  private generation: number | undefined;
  /** Somebody else has changed rules, and who asks for that has not been told yet. */
  private isStrayed = false;
  /** Told of a change, and nobody has looked since. */
  private isTold = false;
  /** Looked for and not found, and nobody but this process makes any. */
  private none = false;

  constructor(private readonly namespace: Pick<HeldNamespace, 'within'>) {}

  /**
   * `nft list ruleset netdev`, as far as it is ours. `ports`: the indexes of the links that are there, by name. `heed`:
   * what {@link changed} is to tell of where no port has a filter.
   */
  observe(ports: ReadonlyMap<string, number>, heed: Heed = 'filters'): Promise<readonly ObservedFilter[]> {
    return this.turn.runExclusive(() => this.look(ports, heed));
  }

  /** True, once, when somebody else has changed rules, or they were not observed yet; not during a look or a change. */
  changed(): boolean {
    if (this.turn.isLocked()) return false;
    const isUnread = this.open !== undefined && !this.isTold && this.generation !== generationOf(this.open.fd);
    const isChanged = this.isStrayed || isUnread;
    this.isStrayed = false;
    if (isUnread) {
      this.isTold = true;
      this.generation = undefined;
    }
    return isChanged;
  }

  /**
   * `nft -f`: the port's filter as a whole, in one atomic step. Rejects with a KernelError; before Linux 6.16 ENODEV when
   * there is no such port, since then the filter waits for one.
   */
  replace(link: string, sender: Sender): Promise<void> {
    const verb = `nft add table netdev tsoverlay-${link}`;
    return this.turn.runExclusive(async () => {
      try {
        await this.change(verb, filterBatch(link, sender));
      } catch (e) {
        throw isKernelError(e, 'ENOENT') ? kernelError(verb, 'ENODEV') : e;
      }
      this.known.set(link, { link, sender, port: undefined });
    });
  }

  /** `nft delete table`; gone is success. */
  remove(link: string): Promise<void> {
    return this.turn.runExclusive(async () => {
      await this.change(`nft delete table netdev tsoverlay-${link}`, noFilterBatch(link));
      this.known.delete(link);
    });
  }

  /** Lets the namespace go; the filters stay. */
  close(): void {
    this.hangUp();
  }

  private async look(ports: ReadonlyMap<string, number>, heed: Heed): Promise<readonly ObservedFilter[]> {
    const open = this.none && heed === 'filters' ? undefined : this.reachIfPossible();
    if (open === undefined) return [];
    const { fd } = open;
    // Whoever looks is not who mends: doctor looks as well.
    if (this.generation !== undefined && this.generation !== generationOf(fd)) this.isStrayed = true;
    for (let tries = 0; tries < TRIES && this.open === open && this.generation !== generationOf(fd); tries++)
      await this.readAll(open, ports);
    if (this.open !== open) return [];
    for (const [link, filter] of this.known) {
      const port = ports.get(link);
      if (port === undefined || port === filter.port) continue;
      // Made by us since, together with its port.
      if (filter.port === undefined) this.known.set(link, { ...filter, port });
      else this.known.set(link, { ...readFilter(fd, link), port });
    }
    if (this.known.size === 0 && heed === 'filters') this.rest();
    return [...this.known.values()].map(({ port: _, ...filter }) => filter);
  }

  private rest(): void {
    this.hangUp();
    this.none = true;
  }

  private hangUp(): void {
    this.open?.close();
    this.open = undefined;
  }

  /** Undefined on a kernel without nf_tables. */
  private reachIfPossible(): Access | undefined {
    try {
      return this.reach();
    } catch (e) {
      if (isKernelError(e, 'EPROTONOSUPPORT')) return undefined;
      throw e;
    }
  }

  private reach(): Access {
    if (this.open !== undefined) return this.open;
    this.open = this.namespace.within(() => new Access());
    // What was not there then is not there now.
    if (this.none) this.generation = generationOf(this.open.fd);
    this.none = false;
    return this.open;
  }

  /** A change of ours alone leaves what is known of the other filters as it is. */
  private async change(verb: string, bytes: Buffer): Promise<void> {
    const open = this.reach();
    const before = generationOf(open.fd);
    await open.changes.make(verb, bytes);
    if (this.open !== open) return;
    const after = generationOf(open.fd);
    const isOursAlone = this.generation === before && after === before + 1;
    if (!isOursAlone && this.generation !== undefined) this.isStrayed = true;
    this.generation = isOursAlone ? after : undefined;
  }

  private async readAll(open: Access, ports: ReadonlyMap<string, number>): Promise<void> {
    const { fd } = open;
    const generation = generationOf(fd);
    const found = new Map<string, Known>();
    for (const { link, asleep } of listFilters(fd)) {
      // A thousand of them take longer than one turn of the event loop may.
      await breathe();
      if (this.open !== open) return;
      const filter = asleep ? { link } : readFilter(fd, link);
      found.set(link, { ...filter, port: ports.get(link) });
    }
    if (generation !== generationOf(fd)) return;
    this.known = found;
    this.generation = generation;
    this.isTold = false;
  }
}
