/**
 * Sends ARP requests as fast as it can from a container's end, as a container with CAP_NET_RAW does. Half of them ask
 * for addresses that nobody has, half for `gateway`, each time in the name of another sender.
 * `node --import tsx flood.ts <namespace file> <link> <gateway> <count>`
 */
import { readFileSync } from 'node:fs';
import { check, sendto, socket } from '../../src/kernel/system/libc.js';
import { withNamespace } from '../../src/kernel/system/netns.js';

const [AF_PACKET, SOCK_RAW, ENOBUFS_PAUSE] = [17, 3, 1000];

const [namespace = '', link = '', gateway = '', count = '0'] = process.argv.slice(2);
withNamespace(namespace, () => {
  const fd = check('socket AF_PACKET', socket(AF_PACKET, SOCK_RAW, 0));
  // struct sockaddr_ll: family, protocol, index.
  const to = Buffer.alloc(20);
  to.writeUInt16LE(AF_PACKET);
  to.writeInt32LE(
    Number(readFileSync(`/proc/thread-self/net/dev_mcast`, 'utf8').match(RegExp(`(\\d+)\\s+${link}\\b`))?.[1]),
    4,
  );
  const frame = Buffer.from(
    'ffffffffffff02000000000108060001080006040001020000000001ac100000000000000000ac100000',
    'hex',
  );
  let sent = 0;
  for (let n = 0; n < Number(count); n++) {
    frame.writeUInt16BE((n * 7919) & 0xffff, 30);
    if (n % 2 === 0) frame.writeUInt16BE((n * 104_729) & 0xffff, 40);
    else Buffer.from(gateway.split('.').map(Number)).copy(frame, 38);
    if (n % 2 === 0) frame.writeUInt16BE(0xac10, 38);
    if (Number(sendto(fd, frame, frame.length, 0, to, to.length)) === frame.length) sent++;
    else for (let wait = 0; wait < ENOBUFS_PAUSE; wait++);
  }
  console.log(sent);
});
