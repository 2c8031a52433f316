/** What a host that wants the short way is like for it. */
import { closeSync } from 'node:fs';
import { release } from 'node:os';
import { messageOf } from '../../errors.js';
import type { ObservedAccelerator } from '../../model/host/accelerator.js';
import { familyOf } from '../../model/values/address.js';
import type { NodeAddress } from '../../model/values/types.js';
import { load } from '../bpf/program.js';
import { createMap } from '../bpf/syscall.js';
import { listAddresses } from '../links/addresses.js';
import { findLink } from '../links/links.js';
import { kernelIs } from '../netlink/release.js';
import type { Rtnetlink } from '../netlink/rtnetlink.js';
import { ForeignRules } from './foreign-rules.js';

/** BPF_F_ADJ_ROOM_ENCAP_L2_ETH; an older one leaves all frames to the ordinary way. */
const LEAST_KERNEL = [5, 13] as const;
const ARPHRD_ETHER = 1;

/** "The host" is the network namespace that the calling thread was in when this was made. */
export class ShortGround {
  private readonly rules: ForeignRules;
  private canLoad = false;

  /** `host`: a socket in the host's namespace; `port`: UDP, of VXLAN. */
  constructor(
    private readonly host: Rtnetlink,
    private readonly local: NodeAddress,
    port: number,
  ) {
    this.rules = new ForeignRules(port);
  }

  /** Rejects with a KernelError. */
  async look(): Promise<Omit<ObservedAccelerator, 'hooked'>> {
    const link = await this.underlay();
    const hindrance = this.hostHindrance() ?? (link === undefined ? this.noDevice() : this.rules.look());
    return { ...(link && { link }), ...(hindrance && { hindrance }) };
  }

  close(): void {
    this.rules.close();
  }

  /** The name of the device that has the VTEP, if frames come through it as Ethernet's. */
  private async underlay(): Promise<string | undefined> {
    const own = (await listAddresses(this.host)).find((a) => a.address.startsWith(`${this.local}/`));
    const link = own && (await findLink(this.host, own.link));
    return link?.type === ARPHRD_ETHER ? link.name : undefined;
  }

  private noDevice(): string {
    return `${this.local} is on no device of Ethernet's kind: the hosts' traffic comes by several, or through a tunnel`;
  }

  private hostHindrance(): string | undefined {
    if (familyOf(this.local) !== 4) return `the underlay is IPv6 (${this.local})`;
    if (!kernelIs(LEAST_KERNEL)) return `the kernel is ${release()}, older than ${LEAST_KERNEL.join('.')}`;
    return this.loadHindrance();
  }

  /** A kernel that is locked down does not begin to load programs later, but a module may come. */
  private loadHindrance(): string | undefined {
    if (this.canLoad) return undefined;
    try {
      const macs = createMap('macs');
      try {
        closeSync(load('deliver', {}, { macs }));
      } finally {
        closeSync(macs);
      }
      this.canLoad = true;
      return undefined;
    } catch (e) {
      return `the kernel does not load programs: ${messageOf(e)}`;
    }
  }
}
