/** Ends our resolver's sockets in a namespace from within it, as `ss --kill` does (SOCK_DESTROY); takes CAP_NET_ADMIN. */
import { closeSync } from 'node:fs';
import { openNetlink } from '../../../src/kernel/netlink/socket.js';
import { AF, MSG_DONTWAIT, recv, send } from '../../../src/kernel/system/libc.js';
import { withNamespace } from '../../../src/kernel/system/netns.js';
import { inside } from '../dns-namespace.js';

const NETLINK_SOCK_DIAG = 4;
const SOCK_DESTROY = 21;
const NLM_F_REQUEST = 1;
const PROTOCOLS = [6, 17];
/** So often the port is looked for anew, for what is ended is made anew. */
const AGAIN = 5000;

/** Ports of 127.0.0.11 with both a TCP listener and a UDP socket: the engine's are two. */
function ourPorts(namespace: string): readonly number[] {
  const ports = [...inside(namespace, 'ss', '-Htuln').matchAll(/127\.0\.0\.11:(\d+)/g)].map(([, port]) => Number(port));
  return ports.filter((port, i) => ports.indexOf(port) < i);
}

/** struct nlmsghdr and inet_diag_req_v2 (linux/inet_diag.h): whatever its state and cookie. */
function request(protocol: number, port: number): Buffer {
  const bytes = Buffer.alloc(72, 0);
  bytes.writeUInt32LE(bytes.length);
  bytes.writeUInt16LE(SOCK_DESTROY, 4);
  bytes.writeUInt16LE(NLM_F_REQUEST, 6);
  bytes.set([AF.inet, protocol], 16);
  bytes.writeUInt32LE(0xffffffff, 20);
  bytes.writeUInt16BE(port, 24);
  bytes.set([127, 0, 0, 11], 28);
  bytes.fill(0xff, 64);
  return bytes;
}

/** One round, and how many times each socket is ended in it. */
export function destroy(namespace: string, times = 1): void {
  const fd = withNamespace(namespace, () => openNetlink(NETLINK_SOCK_DIAG));
  const requests = ourPorts(namespace).flatMap((port) => PROTOCOLS.map((protocol) => request(protocol, port)));
  const answer = Buffer.alloc(4096);
  for (let i = 0; i < times; i++) {
    for (const bytes of requests) {
      send(fd, bytes, bytes.length, 0);
      while (recv(fd, answer, answer.length, MSG_DONTWAIT) > 0);
    }
  }
  closeSync(fd);
}

export function destroyOnAndOn(namespace: string): never {
  for (;;) destroy(namespace, AGAIN);
}
