/** What the underlay is like for the short way, and which programs are there. */
import type { ObservedAccelerator } from '../../model/host/accelerator.js';
import type { AccelerateMode } from '../../model/values/settings.js';
import type { NodeAddress } from '../../model/values/types.js';
import type { ShortWays } from '../bpf/short-ways.js';
import { Opened } from '../opening/opened.js';
import type { ShortGround } from './short-ground.js';

export interface AcceleratorOptions {
  readonly mode: AccelerateMode;
  readonly shortWays: ShortWays;
  readonly local: NodeAddress;
  /** UDP, of VXLAN. */
  readonly port: number;
}

/** "The host" is that of the short ways. */
export class Accelerator {
  private readonly ground = new Opened<ShortGround>(
    () => this.enter(),
    (ground) => ground.close(),
  );

  constructor(private readonly options: AcceleratorOptions) {}

  get shortWays(): ShortWays {
    return this.options.shortWays;
  }

  /** Where it is off, only what an earlier setting has left. Rejects with a KernelError. */
  async observe(): Promise<ObservedAccelerator> {
    const hooked = await this.shortWays.hooks();
    if (this.options.mode === 'off') return { hooked };
    return { hooked, ...(await (await this.ground.get()).look()) };
  }

  close(): void {
    this.ground.close();
  }

  private async enter(): Promise<ShortGround> {
    const { shortWays, local, port } = this.options;
    const { ShortGround } = await import('./short-ground.js');
    const make = () => new ShortGround(shortWays.host, local, port);
    return shortWays.home.within(make);
  }
}
