/** The host's own things as the rest of tsoverlay sees them: looked at part by part, and changed by steps. */
import type { HostPart, ObservedHost } from '../../model/host/host-plan.js';
import type { KernelHostStep } from '../../model/host/host-steps.js';
import { SYSCTLS } from '../../model/host/sysctls.js';
import type { GuardDrops } from '../../model/host/vxlan-guard.js';
import type { HostPartsKernel } from '../../model/ports/host-port.js';
import { GWBRIDGE, NETNS_DIR } from '../../model/values/names.js';
import type { GuardMode } from '../../model/values/settings.js';
import type { CryptPlace } from '../crypt/crypt-executors.js';
import { observeCrypt } from '../crypt/crypt-observation.js';
import { EncryptionFence } from '../crypt/encryption-fence.js';
import { Rtnetlink } from '../netlink/rtnetlink.js';
import { linkFilter } from '../netlink/socket-filter.js';
import { RTNLGRP } from '../netlink/uapi.js';
import { type Listener, Watcher } from '../networks/watcher.js';
import { NftConsulGuard } from '../rules/consul-guard.js';
import type { Underlay } from '../rules/guard-rules.js';
import { HostUplinkRules } from '../rules/uplink-rules.js';
import { VxlanGuard } from '../rules/vxlan-guard.js';
import { HeldNamespace } from '../system/held-namespace.js';
import { readSysctls } from '../system/sysctl.js';
import type { Accelerator } from './accelerator.js';
import { executeOnHost, type HostPlace } from './executors.js';
import { observeGwbridge } from './gwbridge.js';
import { ProbeSpace } from './probe.js';

export interface HostPartsOptions {
  readonly underlay: Underlay;
  readonly mode: GuardMode;
  /** The cluster's UDP port for VXLAN. */
  readonly port: number;
  readonly accelerator: Accelerator;
  /** Of the WireGuard mesh that encrypts. */
  readonly crypt: Omit<CryptPlace, 'host'>;
  /** Where namespaces are kept, the engine's own folder unless a test says otherwise. */
  readonly netnsDir?: string;
}

type Observers = { readonly [P in HostPart]: () => Promise<ObservedHost[P]> | ObservedHost[P] };

/** "The host" is the network namespace that the calling thread was in when this was made. */
export class LinuxHostParts implements HostPartsKernel {
  private readonly at: HostPlace;
  private readonly observers: Observers;
  private readonly watcher: Watcher;
  private readonly listeners = new Set<Listener>();
  private readonly accelerator: Accelerator;

  constructor({ underlay, mode, port, crypt: mesh, accelerator, netnsDir = NETNS_DIR }: HostPartsOptions) {
    this.accelerator = accelerator;
    const host = new Rtnetlink();
    const home = new HeldNamespace();
    const vxlanGuard = new VxlanGuard(underlay, mode, port);
    const consulGuard = new NftConsulGuard();
    const fence = new EncryptionFence();
    const uplinkRules = new HostUplinkRules();
    const probe = new ProbeSpace(netnsDir);
    const crypt = { ...mesh, host };
    const { shortWays } = accelerator;
    this.at = { host, home, vxlanGuard, consulGuard, fence, uplinkRules, probe, crypt, shortWays };
    this.observers = {
      vxlanGuard: () => vxlanGuard.observe(),
      consulGuard: () => consulGuard.observe(),
      gwbridge: () => observeGwbridge(host),
      uplinks: async () => ({
        addresses: (await observeGwbridge(host)).bridge?.addresses,
        isRuled: uplinkRules.areThere(),
      }),
      sysctls: () => readSysctls(SYSCTLS.map(({ name }) => name)),
      encryptionFence: () => fence.observe(),
      probe: () => probe.observe(),
      crypt: () => observeCrypt(crypt),
      accelerator: () => accelerator.observe(),
    };
    this.watcher = new Watcher(
      (notices) => {
        const about = notices.filter((n) => n.kind === 'lost' || (n.kind === 'link' && n.link === GWBRIDGE));
        if (about.length > 0) for (const listener of this.listeners) listener(about);
      },
      { groups: [RTNLGRP.LINK], filter: linkFilter(GWBRIDGE) },
    );
  }

  async observe<P extends HostPart>(part: P): Promise<ObservedHost[P]> {
    return this.observers[part]();
  }

  apply(step: KernelHostStep): Promise<void> {
    return executeOnHost(this.at, step);
  }

  watchGwbridge(listener: Listener): void {
    this.listeners.add(listener);
  }

  guardDrops(): GuardDrops | undefined {
    return this.at.vxlanGuard.drops();
  }

  close(): void {
    const { host, home, vxlanGuard, consulGuard, fence, uplinkRules, probe } = this.at;
    this.watcher.close();
    this.accelerator.close();
    vxlanGuard.close();
    consulGuard.close();
    fence.close();
    uplinkRules.close();
    probe.close();
    host.close();
    home.close();
  }
}
