/**
 * The short way as the rest of the kernel's part has it. The code for it is read into this process only where there is
 * something of it to see to: most hosts have none, and what is not there costs them no memory.
 */
import type { NamespaceName } from '../../model/values/types.js';
import type { Rtnetlink } from '../netlink/rtnetlink.js';
import { Opened } from '../opening/opened.js';
import type { HeldNamespace } from '../system/held-namespace.js';
import { hooksOnHost } from './host-hooks.js';
import { ShortWay } from './short-way.js';
import type { Wire, WireSettings } from './wire.js';

export class ShortWays {
  private readonly wire = new Opened<Wire>(
    () => import('./wire.js').then(({ Wire }) => new Wire(this.host)),
    (wire) => wire.close(),
  );

  /** `host`: a socket in the host's namespace; `home`: that namespace. */
  constructor(
    readonly host: Rtnetlink,
    readonly home: HeldNamespace,
  ) {}

  /** See {@link Wire.hooks}. */
  async hooks(): Promise<ReadonlyMap<string, string>> {
    return (await hooksOnHost(this.host)).size === 0 ? new Map() : (await this.wire.get()).hooks();
  }

  /** See {@link Wire.hook}. */
  async hook(link: string, settings: WireSettings): Promise<void> {
    await (await this.wire.get()).hook(link, settings);
  }

  /** See {@link Wire.unhook}. */
  async unhook(link: string): Promise<void> {
    await (await this.wire.get()).unhook(link);
  }

  /** Of one network, by a socket in its namespace. */
  of(name: NamespaceName, socket: Rtnetlink): ShortWay {
    return new ShortWay(socket, name, async () => ({ wire: await this.wire.get(), home: this.home }));
  }

  /** What is hooked goes on. */
  close(): void {
    this.wire.close();
  }
}
