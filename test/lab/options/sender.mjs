/**
 * Sends frames, one per argument in hex, from eth0 of the network namespace that it runs in: what any program with
 * CAP_NET_RAW can, which Docker gives to every container. Plain JavaScript, for it runs inside of one.
 */
import koffi from 'koffi';

const libc = koffi.load('libc.so.6');
const socket = libc.func('int socket(int domain, int type, int protocol)');
const sendto = libc.func('long sendto(int fd, const void *data, size_t n, int flags, const void *to, uint32 length)');
const indexOf = libc.func('uint32 if_nametoindex(str name)');
const [AF_PACKET, SOCK_RAW] = [17, 3];

const fd = socket(AF_PACKET, SOCK_RAW, 0);
const to = Buffer.alloc(20);
to.writeUInt16LE(AF_PACKET);
to.writeInt32LE(indexOf('eth0'), 4);
for (const hex of process.argv.slice(2)) {
  const frame = Buffer.from(hex, 'hex');
  if (Number(sendto(fd, frame, frame.length, 0, to, to.length)) < 0) throw new Error(`errno ${koffi.errno()}`);
}
