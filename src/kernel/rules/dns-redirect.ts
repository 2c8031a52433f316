/**
 * The redirect of a container's DNS questions from the engine's resolver to ours, in one namespace: made and taken back.
 * Its rules are in dns-rules.ts, and how it is kept alive.
 */
import { isKernelError } from '../../errors.js';
import { type Changes, changesIn } from '../netfilter/changes.js';
import { askSome, closeNetfilter, openNetfilter } from '../netfilter/socket.js';
import { attributeOf, dump, Msg, NFPROTO, text } from '../nft/message.js';
import { NFTA_SET_ELEM_LIST } from '../nft/uapi.js';
import { DELETION, redirectBatch, SET, SUSPENSION, TABLE } from './dns-rules.js';

/** This kernel has refused what one since 6.5 takes, and taken the other. */
let isOlder = false;

/**
 * The redirect in one namespace. It keeps a descriptor, and with it the namespace, until closed. What is asked of it
 * is done one after the other, and late where somebody keeps the rules busy. All reject with a KernelError.
 */
export class DnsRedirect {
  private readonly changes: Changes;

  /** Throws a KernelError, ENOENT when there is no such namespace. */
  constructor(namespace: string) {
    this.changes = changesIn(namespace, 'container');
  }

  /**
   * `nft -f`: replaces the whole table by a live redirect to 127.0.0.11:`port` (udp, tcp), in one atomic step; queries
   * see either the old redirect or the new one. EOPNOTSUPP when the kernel has no nf_tables.
   */
  async ensure(port: number): Promise<void> {
    const verb = `nft add table ip ${TABLE}`;
    try {
      await this.changes.make(verb, redirectBatch(port, isOlder));
    } catch (e) {
      if (isOlder || !isKernelError(e, 'EINVAL')) throw e;
      // Nothing of it was done.
      await this.changes.make(verb, redirectBatch(port, true));
      isOlder = true;
    }
  }

  /** `nft flush set`: new queries go to the engine's resolver, answers of ours still find their way. */
  suspend(): Promise<void> {
    return goneIsFine(this.changes.make(`nft flush set ip ${TABLE} ${SET}`, SUSPENSION));
  }

  /** `nft delete table`; gone is success. */
  remove(): Promise<void> {
    return goneIsFine(this.changes.make(`nft delete table ip ${TABLE}`, DELETION));
  }

  /** Lets the namespace go once all is done that was asked for; the table stays as it is. */
  close(): void {
    this.changes.close();
  }
}

/** Our one element, and the end. A container puts in what it likes, and of many each piece takes longer to walk to. */
const MOST_DATAGRAMS = 2;

/**
 * Whether a namespace's questions are redirected at this moment: false without the table, and when nobody has renewed it in
 * time, true when somebody has put thousands beside it. The kernel answers without its lock of the rules. Throws a
 * KernelError, ENOENT without the namespace.
 */
export function isRedirected(namespace: string): boolean {
  const fd = openNetfilter(namespace);
  try {
    const question = dump(
      Msg.getSetElem,
      [text(NFTA_SET_ELEM_LIST.TABLE, TABLE), text(NFTA_SET_ELEM_LIST.SET, SET)],
      NFPROTO.ipv4,
    );
    const told = askSome(fd, `nft list set ip ${TABLE} ${SET}`, question, Msg.newSetElem, MOST_DATAGRAMS);
    return (
      told === undefined || told.some((answer) => (attributeOf(answer, NFTA_SET_ELEM_LIST.ELEMENTS)?.length ?? 0) > 0)
    );
  } finally {
    closeNetfilter(fd);
  }
}

async function goneIsFine(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (e) {
    if (!isKernelError(e, 'ENOENT')) throw e;
  }
}
