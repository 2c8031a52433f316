/** The loopback device of a container's namespace. */
import { setLink } from '../links/links.js';
import { Rtnetlink } from '../netlink/rtnetlink.js';
import { withNamespace } from '../system/netns.js';

/**
 * `ip link set lo up`. The runtime does the same a moment after it has made a container's namespace. A socket bound
 * before that would answer from a wrong address for ever: while a namespace has no routing table yet, the kernel
 * takes every address for a broadcast one (`__inet_bind`). A pool thread waits for the kernel's lock of all links, so do
 * it only where that is down. Rejects with a KernelError.
 */
export async function raiseLoopback(namespace: string): Promise<void> {
  const socket = withNamespace(namespace, () => new Rtnetlink());
  try {
    await setLink(socket, 'lo', { up: true });
  } finally {
    socket.close();
  }
}
