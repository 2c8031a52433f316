/**
 * The namespace of the host's WireGuard mesh, with its sockets. VXLAN devices that are asked for through its socket have
 * theirs in there: what they send has no way to the wire but through WireGuard, and nothing else comes to them.
 */
import { mkdirSync, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { Protocol } from 'netlink/dist/constants.js';
import { getS32, putU32 } from 'netlink/dist/structs.js';
import { hasCode } from '../../errors.js';
import { CRYPT_NAMESPACE } from '../../model/values/names.js';
import { message, readAttributes } from '../netlink/attributes.js';
import { closeInside, type Inside, openInside } from '../netlink/inside.js';
import { Rtnetlink } from '../netlink/rtnetlink.js';
import { NETNSA, RTM } from '../netlink/uapi.js';
import { together } from '../opening/together.js';
import { kernelError } from '../system/errno.js';
import { namespaceInode } from '../system/namespace-file.js';
import { createNamespace, mountNamespace, removeNamespace } from '../system/netns.js';
import { Wireguard } from './wireguard.js';

/** The namespace, open: kept, and with it the traffic, when somebody unmounts its file. */
export interface CryptSpace extends Inside {
  readonly inode: number;
  readonly generic: Rtnetlink;
  readonly wireguard: Wireguard;
}

export class CryptSpaces {
  private space: CryptSpace | undefined;
  private readonly path: string;

  constructor(dir: string) {
    this.path = `${dir}/${CRYPT_NAMESPACE}`;
  }

  /** Undefined when there is none and we hold none open; one that was put in its place is taken instead. */
  open(): CryptSpace | undefined {
    const inode = namespaceInode(this.path);
    if (inode === undefined || inode === this.space?.inode) return this.space;
    this.close();
    this.space = together((keep) => {
      const inside = keep(openInside(this.path), closeInside);
      const generic = inside.held.within(() => new Rtnetlink(Protocol.GENERIC));
      return { inode, ...inside, generic, wireguard: new Wireguard(generic) };
    });
    return this.space;
  }

  /** Throws ENOENT under the caller's verb. */
  require(verb: string): CryptSpace {
    const space = this.open();
    if (space === undefined) throw kernelError(`${verb} (namespace ${CRYPT_NAMESPACE})`, 'ENOENT');
    return space;
  }

  isMounted(space: CryptSpace): boolean {
    return namespaceInode(this.path) === space.inode;
  }

  /** `ip netns add`; one that is there already, or that we hold open, is taken over. */
  create(): CryptSpace {
    const existing = this.open();
    if (existing === undefined) {
      mkdirSync(dirname(this.path), { recursive: true });
      this.clear();
      createNamespace(this.path);
    } else if (!this.isMounted(existing)) {
      this.clear();
      mountNamespace(existing.held.path, this.path);
    }
    return this.require('ip netns add');
  }

  /** `ip netns delete`; success when it is gone. */
  remove(): void {
    this.close();
    removeNamespace(this.path);
  }

  /** The number that it has in the eyes of another namespace; undefined where it has none, or is not there. */
  async numberFor(socket: Rtnetlink): Promise<number | undefined> {
    const space = this.open();
    if (space === undefined) return undefined;
    const number = await space.held.lend((fd) => {
      // struct rtgenmsg, padded.
      const payload = message(Buffer.alloc(4), [[NETNSA.FD, putU32(fd)]]);
      return socket.get('ip netns list-id', RTM.GETNSID, payload, (found) => {
        const id = readAttributes(found.subarray(4)).get(NETNSA.NSID);
        return id === undefined ? undefined : getS32(id);
      });
    });
    return number < 0 ? undefined : number;
  }

  /** The namespace stays. */
  close(): void {
    if (this.space === undefined) return;
    this.space.generic.close();
    closeInside(this.space);
    this.space = undefined;
  }

  /** A plain file is what an unclean stop left, or an umount. */
  private clear(): void {
    try {
      unlinkSync(this.path);
    } catch (e) {
      if (!hasCode(e, 'ENOENT')) throw e;
    }
  }
}
