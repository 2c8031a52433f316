/** What carries out each kind of step on the host itself: one entry per kind, and the compiler misses none. */
import type { KernelHostStep, KernelHostStepArgs } from '../../model/host/host-steps.js';
import { GWBRIDGE } from '../../model/values/names.js';
import type { ShortWays } from '../bpf/short-ways.js';
import { type CryptPlace, cryptExecutors } from '../crypt/crypt-executors.js';
import type { EncryptionFence } from '../crypt/encryption-fence.js';
import { removeAddress } from '../links/addresses.js';
import type { Rtnetlink } from '../netlink/rtnetlink.js';
import type { NftConsulGuard } from '../rules/consul-guard.js';
import type { HostUplinkRules } from '../rules/uplink-rules.js';
import type { VxlanGuard } from '../rules/vxlan-guard.js';
import type { HeldNamespace } from '../system/held-namespace.js';
import { writeSysctl } from '../system/sysctl.js';
import { addGwbridgeAddress, createGwbridge, enslaveToGwbridge, fitGwbridge } from './gwbridge.js';
import type { ProbeSpace } from './probe.js';

/** All of it in the host's namespace. */
export interface HostPlace {
  readonly host: Rtnetlink;
  readonly home: HeldNamespace;
  readonly vxlanGuard: VxlanGuard;
  readonly consulGuard: NftConsulGuard;
  readonly shortWays: ShortWays;
  readonly fence: EncryptionFence;
  readonly crypt: CryptPlace;
  readonly uplinkRules: HostUplinkRules;
  readonly probe: ProbeSpace;
}

type Executors = {
  readonly [K in keyof KernelHostStepArgs]: (at: HostPlace, step: KernelHostStep<K>) => Promise<void> | void;
};

const executors: Executors = {
  replaceVxlanGuard: (at, step) => at.vxlanGuard.replace(step.nodes, step.vnis),

  changeVxlanGuard: (at, step) => at.vxlanGuard.adjust(step.nodes, step.vnis),

  removeVxlanGuard: (at) => at.vxlanGuard.remove(),

  replaceConsulGuard: (at, { interfaces, servers }) => at.consulGuard.replace({ interfaces, servers }),

  removeConsulGuard: (at) => at.consulGuard.remove(),

  replaceEncryptionFence: (at, { subnets }) => at.fence.replace({ subnets }),

  removeEncryptionFence: (at) => at.fence.remove(),

  ...cryptExecutors,

  createGwbridge: (at, step) => createGwbridge(at, step),

  addGwbridgeAddress: (at, step) => addGwbridgeAddress(at.host, step.address),

  removeGwbridgeAddress: (at, step) => removeAddress(at.host, GWBRIDGE, step.address),

  replaceUplinkRules: (at) => at.uplinkRules.replace(),

  removeUplinkRules: (at) => at.uplinkRules.remove(),

  enslaveToGwbridge: (at, step) => enslaveToGwbridge(at.host, step.port),

  fitGwbridge: (at, step) => fitGwbridge(at.host, step.mtu),

  hookUnderlay: (at, { link, local: vtep, port }) => at.shortWays.hook(link, { vtep, port }),

  unhookUnderlay: (at, step) => at.shortWays.unhook(step.link),

  createProbe: (at, step) => at.probe.create(at.host, step),

  removeProbe: (at) => at.probe.remove(),

  openProbe: (at, step) => at.probe.open(step.peers),

  closeProbe: (at, step) => at.probe.shut(step.peers),

  raiseSysctl: (_, step) => writeSysctl(step.name, step.value),
};

/** Does one step. */
export async function executeOnHost<K extends keyof KernelHostStepArgs>(
  at: HostPlace,
  step: KernelHostStep<K>,
): Promise<void> {
  await executors[step.kind](at, step);
}
