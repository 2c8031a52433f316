/** WireGuard devices of one namespace: `wg show`, `wg set`, over generic netlink. */

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
const AGAIN_MS = 60_000;

export class Wireguard {
  private family: number | undefined;
  private asked = Number.NEGATIVE_INFINITY;

  /** `socket`: of generic netlink, in the namespace of the devices. */
  constructor(private readonly socket: Rtnetlink) {}

  /** Whether the kernel has WireGuard. A kernel that lacks the module may yet get it, and is asked again a minute later. */
  async isThere(): Promise<boolean> {
    if (this.family !== undefined) return true;
    if (performance.now() - this.asked < AGAIN_MS) return false;
    this.asked = performance.now();
    this.family = await findFamily(this.socket, FAMILY);
    return this.family !== undefined;
  }

  /** `wg show <link> dump`. Throws ENODEV. */
  async show(link: string): Promise<DevicePiece> {
    const verb = `wg show ${link}`;
    return merge(await this.socket.dump(verb, await this.number(verb), formatGetDevice(link), readDevice));
  }

  /** `wg set <link> …`; the private key is in none of its errors. Throws EADDRINUSE for a port that somebody has. */
  async set({ peers = [], ...wish }: DeviceWish): Promise<void> {
    const verb = `wg set ${wish.link}${wish.port === undefined ? '' : ` listen-port ${wish.port}`}`;
    const type = await this.number(verb);
    const put = (more: DeviceWish) => this.socket.request(verb, type, 0, formatSetDevice(more));
    if (wish.privateKey !== undefined || wish.port !== undefined) await put(wish);
    for (const some of inParts(peers)) await put({ link: wish.link, peers: some });
  }

  private async number(verb: string): Promise<number> {
    if (await this.isThere()) return this.family ?? 0;
    throw kernelError(`${verb}: this kernel has no WireGuard`, 'EOPNOTSUPP');
  }
}

function* inParts(peers: readonly PeerWish[]): Generator<readonly PeerWish[]> {
  for (let i = 0; i < peers.length; i += PEERS_AT_ONCE) yield peers.slice(i, i + PEERS_AT_ONCE);
}
