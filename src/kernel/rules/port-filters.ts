/**
 * The filters of one namespace's ports. All of them are read once; afterwards the number of the ruleset's generation,
 * which grows with each change by anybody, tells whether they are still as they were: looking costs one question,
 * whatever their number, and a change of ours costs that port alone.
 */
import { setImmediate as breathe } from 'node:timers/promises';
import { isKernelError } from '../../errors.js';
import type { Sender } from '../../model/plan/namespace-plan.js';
import type { ObservedFilter } from '../../model/plan/observed.js';
import { generationOf } from '../nft/generation.js';
import { Msg } from '../nft/message.js';
import { ask, closeNetfilter, openNetfilter, transact } from '../nft/socket.js';
import { kernelError } from '../system/errno.js';
import {
  filterBatch,
  filterTrial,
  getHooked,
  isHooked,
  listRules,
  listTables,
  noFilterBatch,
  readSender,
  readTable,
} from './port-filter.js';

/** Somebody may go on changing rules while they are read. */
const TRIES = 5;

interface Known extends ObservedFilter {
  /** Index of the port when this was read. Before Linux 6.16 a hook goes with its device, and no generation tells. */
  readonly port: number | undefined;
}

export class PortFilters {
  private fd: number | undefined;
  private known = new Map<string, Known>();
  /** Of the ruleset that `known` is about; undefined when that is to be read. */
  private generation: number | undefined;
  /** Looked for and not found, and nobody but this process makes any. */
  private none = false;
  private ended = false;

  /** `namespace`: a path of the namespace that is good for as long as this is in use. */
  constructor(private readonly namespace: string) {}

  /** `nft list ruleset netdev`, as far as it is ours. `ports`: the indexes of the links that are there, by name. */
  async observe(ports: ReadonlyMap<string, number>): Promise<readonly ObservedFilter[]> {
    const fd = this.none ? undefined : this.openIfPossible();
    if (fd === undefined) return [];
    for (let tries = 0; tries < TRIES && this.fd === fd && this.generation !== generationOf(fd); tries++)
      await this.readAll(fd, ports);
    if (this.fd !== fd) return [];
    for (const [link, filter] of this.known) {
      const port = ports.get(link);
      if (port === undefined || port === filter.port) continue;
      // Made by us since, together with its port.
      if (filter.port === undefined) this.known.set(link, { ...filter, port });
      else this.known.set(link, { ...readFilter(fd, link), port });
    }
    if (this.known.size === 0) this.rest();
    return [...this.known.values()].map(({ port: _, ...filter }) => filter);
  }

  /** True when somebody else has changed rules since they were observed. */
  changed(): boolean {
    return this.fd !== undefined && this.generation !== generationOf(this.fd);
  }

  /**
   * `nft -f`: the port's filter as a whole, in one atomic step. Throws a KernelError; before Linux 6.16 ENODEV when there
   * is no such port, since then the filter waits for one.
   */
  replace(link: string, sender: Sender): void {
    const verb = `nft add table netdev tsoverlay-${link}`;
    try {
      this.change(verb, filterBatch(link, sender));
    } catch (e) {
      throw isKernelError(e, 'ENOENT') ? kernelError(verb, 'ENODEV') : e;
    }
    this.known.set(link, { link, sender, port: undefined });
  }

  /** `nft delete table`; gone is success. */
  remove(link: string): void {
    this.change(`nft delete table netdev tsoverlay-${link}`, noFilterBatch(link));
    this.known.delete(link);
  }

  /** Lets the namespace go; the filters stay. */
  close(): void {
    this.ended = true;
    this.hangUp();
  }

  private rest(): void {
    this.hangUp();
    this.none = true;
  }

  private hangUp(): void {
    if (this.fd !== undefined) closeNetfilter(this.fd);
    this.fd = undefined;
  }

  /** Undefined on a kernel without nf_tables. */
  private openIfPossible(): number | undefined {
    try {
      return this.open();
    } catch (e) {
      if (isKernelError(e, 'EPROTONOSUPPORT')) return undefined;
      throw e;
    }
  }

  private open(): number {
    if (this.fd !== undefined) return this.fd;
    // The path may be another namespace's by now.
    if (this.ended) throw kernelError('nft', 'ECANCELED');
    this.fd = openNetfilter(this.namespace);
    // What was not there then is not there now.
    if (this.none) this.generation = generationOf(this.fd);
    this.none = false;
    return this.fd;
  }

  /** A change of ours alone leaves what is known of the other filters as it is. */
  private change(verb: string, bytes: Buffer): void {
    const fd = this.open();
    const before = generationOf(fd);
    transact(fd, verb, bytes);
    const after = generationOf(fd);
    this.generation = this.generation === before && after === before + 1 ? after : undefined;
  }

  private async readAll(fd: number, ports: ReadonlyMap<string, number>): Promise<void> {
    const generation = generationOf(fd);
    const found = new Map<string, Known>();
    for (const { link, asleep } of tablesOf(fd)) {
      // A thousand of them take longer than one turn of the event loop may.
      await breathe();
      if (this.fd !== fd) return;
      const filter = asleep ? { link } : readFilter(fd, link);
      found.set(link, { ...filter, port: ports.get(link) });
    }
    if (generation !== generationOf(fd)) return;
    this.known = found;
    this.generation = generation;
  }
}

/** Whether the kernel has what a filter needs (CONFIG_NF_TABLES_NETDEV); tried in the namespace, and nothing stays. */
export function canFilter(namespace: string): boolean {
  try {
    const fd = openNetfilter(namespace);
    try {
      transact(fd, 'nft add table netdev tsoverlay-lo', filterTrial());
      return true;
    } finally {
      closeNetfilter(fd);
    }
  } catch (e) {
    if (isKernelError(e)) return false;
    throw e;
  }
}

const tablesOf = (fd: number) =>
  ask(fd, 'nft list tables netdev', listTables(), Msg.newTable).flatMap((table) => readTable(table) ?? []);

function readFilter(fd: number, link: string): ObservedFilter {
  const verb = `nft list table netdev tsoverlay-${link}`;
  const hooked = ask(fd, verb, getHooked(link), Msg.newChain).some((chain) => isHooked(chain, link));
  const sender = hooked ? readSender(ask(fd, verb, listRules(link), Msg.newRule)) : undefined;
  return { link, ...(sender && { sender }) };
}
