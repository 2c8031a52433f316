/**
 * The filter of one port: nft table `netdev tsoverlay-<port>`, a table of its own, so that it is replaced in one step
 * and nothing of it outlives its port. The hook `ingress` sees frames as they leave the container, before the bridge.
 */
import { isKernelError } from '../../errors.js';
import type { Sender } from '../../model/plan/namespace-plan.js';
import type { ObservedFilter } from '../../model/plan/observed.js';
import { parseIp } from '../../model/values/address.js';
import { changeOnce } from '../netfilter/changes.js';
import { ask } from '../netfilter/socket.js';
import { readIp, readMac, readText } from '../netlink/attributes.js';
import { IP_SADDR, IP6_SADDR } from '../nft/field.js';
import { ETHER_SADDR } from '../nft/frame.js';
import { attributeOf, batch, type Change, dump, Msg, NFPROTO, question, text } from '../nft/message.js';
import { areAsMade, expressionsIn, isAsleep, isHookedAs, type Match, matchesIn } from '../nft/reading.js';
import { INGRESS, Table } from '../nft/table.js';
import { NFTA_CHAIN, NFTA_RULE, NFTA_TABLE } from '../nft/uapi.js';
import { CHAINS, frameRules, type Rule } from './frame-rules.js';

const PREFIX = 'tsoverlay-';
const PRIORITY = 0;

const tableOf = (link: string): Table => new Table(`${PREFIX}${link}`);

/**
 * Replaces the whole filter in one step. The policy is accept, and the last rule drops: a new chain is hooked some
 * moments before its rules count, an old one for some after, and the one that counts decides alone.
 */
export const filterBatch = (link: string, sender: Sender): Buffer => batch(changes(link, sender), NFPROTO.netdev);

/** Takes it away, whether there is one or not. */
export const noFilterBatch = (link: string): Buffer => batch(tableOf(link).gone(), NFPROTO.netdev);

/** Makes one on `lo` and takes it away at the same moment: whether this kernel has all that a filter needs. */
export const filterTrial = (): Buffer => batch([...changes('lo', SAMPLE), tableOf('lo').delete()], NFPROTO.netdev);

const SAMPLE: Sender = {
  mac: readMac(Buffer.from('024200000001', 'hex')),
  addresses: [parseIp('192.0.2.1'), parseIp('2001:db8::1')],
};

function changes(link: string, sender: Sender): readonly Change[] {
  const table = tableOf(link);
  const hook = { number: INGRESS, priority: PRIORITY, device: link };
  return [
    ...table.afresh(),
    ...CHAINS.map((chain) => (chain === CHAINS[0] ? table.chain(chain, hook) : table.chain(chain))),
    ...frameRules(sender).map(({ chain, expressions }) => table.rule(chain, expressions)),
  ];
}

/** `nft list tables netdev` */
export const listTables = (): Buffer => dump(Msg.getTable, [], NFPROTO.netdev);

/** `nft list chain netdev … frames`: one, for a dump would tell those of all tables. */
export const getHooked = (link: string): Buffer =>
  question(Msg.getChain, [tableOf(link).name, text(NFTA_CHAIN.NAME, CHAINS[0])], NFPROTO.netdev);

/** `nft list table netdev …`: its rules. */
export const listRules = (link: string): Buffer => dump(Msg.getRule, [tableOf(link).name], NFPROTO.netdev);

/** The port that a table is for; undefined for tables of others. `asleep`: somebody has put it out of action. */
export function readTable(attributes: Buffer): { readonly link: string; readonly asleep: boolean } | undefined {
  const name = readText(attributeOf(attributes, NFTA_TABLE.NAME));
  return name.startsWith(PREFIX) ? { link: name.slice(PREFIX.length), asleep: isAsleep(attributes) } : undefined;
}

/** Whether a chain is the one that is hooked to the port. */
export const isHooked = (attributes: Buffer, link: string): boolean =>
  isHookedAs(attributes, { name: CHAINS[0], device: link, priority: PRIORITY });

/** The sender that rules hold to, in the order that they are listed in; undefined when we would make others for it. */
export function readSender(listed: readonly Buffer[]): Sender | undefined {
  const found = listed.map((attributes) => ({
    chain: readText(attributeOf(attributes, NFTA_RULE.CHAIN)),
    expressions: expressionsIn(attributeOf(attributes, NFTA_RULE.EXPRESSIONS)),
  }));
  const sender = senderIn(found.filter(({ chain }) => chain === CHAINS[0]).flatMap((r) => matchesIn(r.expressions)));
  if (sender === undefined) return undefined;
  const made = frameRules(sender);
  const same = made.length === found.length && made.every((rule, i) => isSameRule(found[i], rule));
  return same ? sender : undefined;
}

function isSameRule(found: { chain: string; expressions: readonly Buffer[] } | undefined, made: Rule): boolean {
  return found !== undefined && found.chain === made.chain && areAsMade(found.expressions, made.expressions);
}

/** Who the rules of the hooked chain speak of. */
function senderIn(matches: readonly Match[]): Sender | undefined {
  const values = (field: { readonly base: number; readonly offset: number; readonly length: number }) =>
    matches
      .filter((m) => m.base === field.base && m.offset === field.offset && m.value.length === field.length)
      .map((m) => m.value);
  const mac = values(ETHER_SADDR)[0];
  if (mac === undefined) return undefined;
  const ip6 = values(IP6_SADDR).filter((ip) => ip.some((byte) => byte !== 0));
  return { mac: readMac(mac), addresses: [...values(IP_SADDR), ...ip6].map(readIp) };
}

/** The filters that there are, by their ports' names. */
export const listFilters = (fd: number) =>
  ask(fd, 'nft list tables netdev', listTables(), Msg.newTable).flatMap((table) => readTable(table) ?? []);

export function readFilter(fd: number, link: string): ObservedFilter {
  const verb = `nft list table netdev tsoverlay-${link}`;
  const hooked = ask(fd, verb, getHooked(link), Msg.newChain).some((chain) => isHooked(chain, link));
  const sender = hooked ? readSender(ask(fd, verb, listRules(link), Msg.newRule)) : undefined;
  return { link, ...(sender && { sender }) };
}

/** Whether the kernel has what a filter needs (CONFIG_NF_TABLES_NETDEV); tried in the namespace, and nothing stays. */
export async function canFilter(namespace: string): Promise<boolean> {
  try {
    await changeOnce(namespace, 'nft add table netdev tsoverlay-lo', filterTrial());
    return true;
  } catch (e) {
    if (isKernelError(e)) return false;
    throw e;
  }
}
