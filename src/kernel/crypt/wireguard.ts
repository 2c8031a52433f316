/** WireGuard devices of one namespace: `wg show`, `wg set`, over generic netlink. */
import { isKernelError } from '../../errors.js';
import { findFamily } from '../netlink/genetlink.js';
import type { Rtnetlink } from '../netlink/rtnetlink.js';
import { kernelError } from '../system/errno.js';
import {
  type DevicePiece,
  type DeviceWish,
  FAMILY,
  formatGetDevice,
  formatSetDevice,
  merge,
  type PeerWish,
  readDevice,
} from './wireguard-message.js';

/** What is said of as many peers, some 130 bytes each, fits into one attribute (64 KB), and holds rtnl for a moment only. */
const PEERS_AT_ONCE = 128;

/** The kernel starts modprobe for each question about a family that it does not know, ms. */
const AGAIN_MS = 1_000;

export class Wireguard {
  private family: number | undefined;
  private asked = Number.NEGATIVE_INFINITY;
  private answer = Promise.resolve(false);

  /** `socket`: of generic netlink, in the namespace of the devices. */
  constructor(private readonly socket: Rtnetlink) {}

  /** Whether the kernel was seen to have WireGuard; it is not asked, for that would load the module. */
  get isKnown(): boolean {
    return this.family !== undefined;
  }

  /** Whether the kernel has WireGuard; it loads the module if there is one. One that lacks it may yet get it. */
  isThere(): Promise<boolean> {
    if (this.isKnown) return Promise.resolve(true);
    if (performance.now() - this.asked >= AGAIN_MS) {
      this.asked = performance.now();
      this.answer = this.ask();
    }
    return this.answer;
  }

  /** `wg show <link> dump`. Throws ENODEV. */
  async show(link: string): Promise<DevicePiece> {
    const verb = `wg show ${link}`;
    return merge(await this.spoken(verb, (type) => this.socket.dump(verb, type, formatGetDevice(link), readDevice)));
  }

  /** `wg set <link> …`; the private key is in none of its errors. Throws EADDRINUSE for a port that somebody has. */
  async set({ peers = [], ...wish }: DeviceWish): Promise<void> {
    const verb = `wg set ${wish.link}${wish.port === undefined ? '' : ` listen-port ${wish.port}`}`;
    const put = (more: DeviceWish) =>
      this.spoken(verb, (type) => this.socket.request(verb, type, 0, formatSetDevice(more)));
    if (wish.privateKey !== undefined || wish.port !== undefined) await put(wish);
    for (const some of inParts(peers)) await put({ link: wish.link, peers: some });
  }

  private async ask(): Promise<boolean> {
    this.family = await findFamily(this.socket, FAMILY);
    return this.isKnown;
  }

  private async spoken<T>(verb: string, say: (family: number) => Promise<T>): Promise<T> {
    if (!(await this.isThere()) || this.family === undefined)
      throw kernelError(`${verb}: this kernel has no WireGuard`, 'EOPNOTSUPP');
    try {
      return await say(this.family);
    } catch (e) {
      // A module that was loaded anew has another number.
      if (isKernelError(e, 'ENOENT')) this.family = undefined;
      throw e;
    }
  }
}

function* inParts(peers: readonly PeerWish[]): Generator<readonly PeerWish[]> {
  for (let i = 0; i < peers.length; i += PEERS_AT_ONCE) yield peers.slice(i, i + PEERS_AT_ONCE);
}
