/**
 * What stands about networks' ways out (`tsoverlay.gateway=overlay`): nft table `ip tsoverlay-uplink` in the namespace of
 * each, which lets nothing in but answers and has all that goes out come from the namespace's own address; and one of the
 * same name on the host, which has that come from the host's.
 */
import { UPLINK_POOL } from '../../model/uplink/uplink.js';
import { parseCidr } from '../../model/values/address.js';
import { GWBRIDGE, UPLINK } from '../../model/values/names.js';
import { Access } from '../netfilter/access.js';
import { changeOnce } from '../netfilter/changes.js';
import { ask, closeNetfilter, openOwnNetfilter } from '../netfilter/socket.js';
import { ipBytes } from '../netlink/attributes.js';
import { CMP, compare, expression, load, mask } from '../nft/expression.js';
import { IP_SADDR } from '../nft/field.js';
import { batch, type Change, dump, Msg, NFPROTO, text } from '../nft/message.js';
import { cameBy, leavesBy, leavesNotBy } from '../nft/packet.js';
import { HOOK, Table } from '../nft/table.js';
import { isNoAnswer } from '../nft/tracking.js';
import { NFTA_RULE } from '../nft/uapi.js';
import { drop } from '../nft/verdict.js';

const NAME = 'tsoverlay-uplink';
const table = new Table(NAME);
/** `srcnat` */
const AFTER_ROUTING = 100;

interface Chain {
  readonly name: string;
  readonly hook: number;
  readonly type?: 'nat';
  readonly rule: readonly Buffer[];
}

const masquerade = (): Buffer[] => [expression('masq')];

const inNamespace = (): readonly Chain[] => [
  { name: 'forward', hook: HOOK.forward, rule: [...cameBy(UPLINK), ...isNoAnswer(), ...drop()] },
  { name: 'input', hook: HOOK.input, rule: [...cameBy(UPLINK), ...isNoAnswer(), ...drop()] },
  { name: 'out', hook: HOOK.postrouting, type: 'nat', rule: [...leavesBy(UPLINK), ...masquerade()] },
];

const onHost = (): readonly Chain[] => [
  {
    ...{ name: 'out', hook: HOOK.postrouting, type: 'nat' },
    rule: [...fromPool(), ...leavesNotBy(GWBRIDGE), ...masquerade()],
  },
];

/** `ip saddr <pool>` */
function fromPool(): Buffer[] {
  const { address, prefix } = parseCidr(UPLINK_POOL);
  const bits = Buffer.alloc(4);
  bits.writeUInt32BE((0xffffffff << (32 - prefix)) >>> 0);
  return [load(IP_SADDR), mask(bits), compare(CMP.eq, ipBytes(address))];
}

const changes = (chains: readonly Chain[]): readonly Change[] => [
  ...table.afresh(),
  ...chains.map(({ name, hook, type }) =>
    table.chain(name, { number: hook, priority: type === undefined ? 0 : AFTER_ROUTING, ...(type && { type }) }),
  ),
  ...chains.map(({ name, rule }) => table.rule(name, rule)),
];

const areThere = (fd: number, chains: readonly Chain[]): boolean =>
  chains.every(({ name }) => {
    const bytes = dump(Msg.getRule, [table.name, text(NFTA_RULE.CHAIN, name)], NFPROTO.ipv4);
    return ask(fd, `nft list chain ip ${NAME} ${name}`, bytes, Msg.newRule).length === 1;
  });

/** `nft -f` in a network's namespace, in one atomic step. Rejects with a KernelError. */
export const replaceUplinkRules = (namespace: string): Promise<void> =>
  changeOnce(namespace, `nft add table ip ${NAME}`, batch(changes(inNamespace())));

/** In the caller's namespace. */
export function hasUplinkRules(): boolean {
  const fd = openOwnNetfilter();
  try {
    return areThere(fd, inNamespace());
  } finally {
    closeNetfilter(fd);
  }
}

/** Those of the host, in the network namespace that the calling thread is in when this is made. */
export class HostUplinkRules {
  private readonly access = new Access();

  areThere(): boolean {
    return areThere(this.access.fd, onHost());
  }

  /** `nft -f`, in one atomic step. Rejects with a KernelError. */
  async replace(): Promise<void> {
    await this.access.changes.make(`nft add table ip ${NAME}`, batch(changes(onHost())));
  }

  /** `nft delete table`; gone is success. Rejects with a KernelError. */
  async remove(): Promise<void> {
    await this.access.changes.make(`nft delete table ip ${NAME}`, batch(table.gone()));
  }

  close(): void {
    this.access.close();
  }
}
