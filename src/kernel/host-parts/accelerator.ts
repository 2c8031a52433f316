/** What the underlay is like for the short way, and which programs are there. */
import { closeSync } from 'node:fs';
import { release } from 'node:os';
import { messageOf } from '../../errors.js';
import type { ObservedAccelerator } from '../../model/host/accelerator.js';
import { familyOf } from '../../model/values/address.js';
import type { AccelerateMode } from '../../model/values/settings.js';
import type { NodeAddress } from '../../model/values/types.js';
import { load } from '../bpf/program.js';
import { createMap } from '../bpf/syscall.js';
import type { Wire } from '../bpf/wire.js';
import { listAddresses } from '../links/addresses.js';
import { findLink } from '../links/links.js';
import { ForeignRules } from './foreign-rules.js';

/** BPF_F_ADJ_ROOM_ENCAP_L2_ETH; an older one leaves all frames to the ordinary way. */
const LEAST_KERNEL = [5, 13] as const;
const ARPHRD_ETHER = 1;

export interface AcceleratorOptions {
  readonly mode: AccelerateMode;
  readonly wire: Wire;
  readonly local: NodeAddress;
  /** UDP, of VXLAN. */
  readonly port: number;
}

/** "The host" is the network namespace that the calling thread was in when this was made. */
export class Accelerator {
  private readonly rules: ForeignRules;
  private canLoad = false;

  constructor(private readonly options: AcceleratorOptions) {
    this.rules = new ForeignRules(options.port);
  }

  get wire(): Wire {
    return this.options.wire;
  }

  /** Where it is off, only what an earlier setting has left. Rejects with a KernelError. */
  async observe(): Promise<ObservedAccelerator> {
    const { wire, mode } = this.options;
    const hooked = await wire.hooks();
    if (mode === 'off') return { hooked };
    const link = await this.underlay();
    const hindrance = this.hostHindrance() ?? (link === undefined ? this.noDevice() : this.rulesHindrance());
    return { hooked, ...(link && { link }), ...(hindrance && { hindrance }) };
  }

  close(): void {
    this.rules.close();
  }

  /** The name of the device that has the VTEP, if frames come through it as Ethernet's. */
  private async underlay(): Promise<string | undefined> {
    const { wire, local } = this.options;
    const own = (await listAddresses(wire.host)).find((a) => a.address.startsWith(`${local}/`));
    const link = own && (await findLink(wire.host, own.link));
    return link?.type === ARPHRD_ETHER ? link.name : undefined;
  }

  private noDevice(): string {
    const { local } = this.options;
    return `${local} is on no device of Ethernet's kind: the hosts' traffic comes by several, or through a tunnel`;
  }

  private hostHindrance(): string | undefined {
    const { local } = this.options;
    if (familyOf(local) !== 4) return `the underlay is IPv6 (${local})`;
    const [major = 0, minor = 0] = release().split('.').map(Number);
    const [least, leastMinor] = LEAST_KERNEL;
    if (major < least || (major === least && minor < leastMinor))
      return `the kernel is ${release()}, older than ${LEAST_KERNEL.join('.')}`;
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

  private rulesHindrance(): string | undefined {
    const found = this.rules.look();
    return found && `${found} is about UDP ${this.options.port}, and would not see what takes the short way`;
  }
}
