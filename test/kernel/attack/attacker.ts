/**
 * A container that attacks names, as a process of its own: `attacker.ts <its namespace> <kind>`. As fast as it can,
 * until it is ended. It speaks to the kernel itself, for Node's own sockets would slow it down.
 */
import { closeSync } from 'node:fs';
import { encode } from 'dns-packet';
import koffi from 'koffi';
import { frame } from '../../../src/dns/answers/frames.js';
import { openNetfilter } from '../../../src/kernel/netfilter/socket.js';
import { batch, Msg, NLM_F_APPEND, NLM_F_CREATE, nested, text } from '../../../src/kernel/nft/message.js';
import { drop } from '../../../src/kernel/nft/verdict.js';
import { tcpConnectIn, udpSocketIn } from '../../../src/kernel/system/sockets.js';
import { asked } from '../../unit/dns/fixtures.js';
import { destroyOnAndOn } from './destroyer.js';

const libc = koffi.load('libc.so.6');
const connect = libc.func('int connect(int fd, const void *address, uint32 length)');
const send = libc.func('long send(int fd, const void *data, size_t length, int flags)');
const setsockopt = libc.func('int setsockopt(int fd, int level, int name, const void *value, uint32 length)');
// One whose test was killed would go on for good.
libc.func('int prctl(int option, unsigned long argument)')(1 /* PR_SET_PDEATHSIG */, 9);
const SOL_SOCKET = 1;
const SO_SNDBUFFORCE = 32;
const [SOL_UDP, UDP_SEGMENT] = [17, 103];
const MSG_DONTWAIT_NOSIGNAL = 0x4040;

const [namespace = '', kind = ''] = process.argv.slice(2);
const any = { address: '0.0.0.0', port: 0 };
const resolver = { address: '127.0.0.11', port: 53 };

/** Flooding by datagrams: what is sent one after the other, again and again. */
const DATAGRAMS: Readonly<Record<string, () => readonly Buffer[]>> = {
  ladder: () => [ladder(0xffff), ladder(1), ladder(0xffff).subarray(0, 4000)],
  unknown: () => Array.from({ length: 500 }, (_, i) => question(`unknown-${i}.example.com`)),
  known: () => Array.from({ length: 500 }, (_, i) => question(`c${i}`)),
  crowd: () => [question('all'), question('all', 'ANY')],
  reverse: () => Array.from({ length: 500 }, (_, i) => question(`${i % 256}.7.7.7.in-addr.arpa`, 'PTR')),
  garbage: () => Array.from({ length: 200 }, (_, i) => noise(i * 7)),
  large: () => [noise(60_000), noise(9000), noise(4000)],
};

const OTHERS: Readonly<Record<string, () => void>> = {
  /** Questions without end, answers never read. */
  pipelined: () => {
    const questions = Buffer.concat(Array.from({ length: 3000 }, (_, i) => frame(question(`c${i % 500}`))));
    const fds = Array.from({ length: 20 }, dial);
    const sent = fds.map(() => 0);
    for (;;) {
      fds.forEach((fd, i) => {
        const rest = questions.subarray(sent[i]);
        const length = Number(send(fd, rest, rest.length, MSG_DONTWAIT_NOSIGNAL));
        // EAGAIN is nothing; whoever was hung up on calls again.
        if (length > 0) sent[i] = ((sent[i] ?? 0) + length) % questions.length;
        else if (koffi.errno() !== 11) redial(fds, sent, i);
      });
    }
  },
  /** The same for names that are the engine's. */
  forwarded: () => {
    const questions = Buffer.concat(Array.from({ length: 500 }, (_, i) => frame(question(`u${i}.example.com`))));
    const fds = Array.from({ length: 20 }, dial);
    const sent = fds.map(() => 0);
    for (;;) fds.forEach((fd, i) => void (sendAll(fd, questions) || redial(fds, sent, i)));
  },
  connections: () => {
    for (;;) hangUp(dial());
  },
  held: () => {
    const fds: number[] = [];
    for (;;) {
      fds.push(dial());
      if (fds.length > 2000) hangUp(fds.shift() ?? -1);
    }
  },
  destroyed: () => destroyOnAndOn(namespace),
  segmented,
  trickle: () => {
    const fds = Array.from({ length: 60 }, dial);
    const sent = fds.map(() => 0);
    const byte = Buffer.from([15]);
    for (;;) fds.forEach((fd, i) => void (sendAll(fd, byte) || redial(fds, sent, i)));
  },
};

/** As many as the kernel takes in one packet. */
function segmented(): void {
  const questions = Array.from({ length: 64 }, (_, i) => question(`unknown-${i + 10}.example.com`));
  flood([Buffer.concat(questions)], questions[0]?.length);
}

const question = (name: string, type = 'A'): Buffer => encode({ ...asked(name, type), flags: 0x100 });

/** 65 KB of questions, each name a pointer to the one before as far as pointers reach: millions of steps. */
function ladder(questions: number): Buffer {
  const bytes = Buffer.alloc(65_000);
  let count = 0;
  let before = 0;
  for (let at = 12; at + 7 <= bytes.length; count++) {
    bytes.writeUInt16BE(count === 0 ? 0 : 0xc000 | before, at);
    const name = count === 0 ? 1 : 2;
    bytes.writeUInt32BE(0x00010001, at + name);
    if (at < 0x3ff0) before = at;
    at += name + 4;
  }
  bytes.writeUInt16BE(Math.min(questions, count), 4);
  return bytes;
}

function noise(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = length + 1;
  for (let i = 0; i < length; i++) {
    state = (state * 48_271) % 0x7fffffff;
    bytes[i] = state;
  }
  // A query, and no answer, so that it is not dropped at the first look.
  if (length > 2) bytes[2] = 1;
  return bytes;
}

function dial(): number {
  try {
    return tcpConnectIn(namespace, { local: any, remote: resolver });
  } catch {
    return -1;
  }
}

function hangUp(fd: number): void {
  if (fd >= 0) closeSync(fd);
}

/**
 * Rules of its own, 300,000 in one batch, again and again: the lock of the namespace's rules is hardly ever free. `evicting`:
 * and ours are taken away with each.
 */
function busyRules(evicting: boolean): () => void {
  const fd = openNetfilter(namespace);
  const size = Buffer.alloc(4);
  size.writeInt32LE(128 * 1024 * 1024);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, size, size.length);
  const create = NLM_F_CREATE | NLM_F_APPEND;
  const table = { type: Msg.newTable, flags: create, attributes: [text(1, 'busy')] };
  const chain = { type: Msg.newChain, flags: create, attributes: [text(1, 'busy'), text(3, 'c')] };
  const rule = { type: Msg.newRule, flags: create, attributes: [text(1, 'busy'), text(2, 'c'), nested(4, ...drop())] };
  const remove = { type: Msg.delTable, flags: 0, attributes: [text(1, 'busy')] };
  const ours = [text(1, 'tsoverlay-dns')];
  const eviction = [
    { type: Msg.newTable, flags: create, attributes: ours },
    { type: Msg.delTable, flags: 0, attributes: ours },
  ];
  const bytes = batch([
    ...(evicting ? eviction : []),
    table,
    chain,
    ...Array.from({ length: 300_000 }, () => rule),
    remove,
  ]);
  return () => {
    for (;;) if (Number(send(fd, bytes, bytes.length, 0)) < 0) throw new Error(`send: errno ${koffi.errno()}`);
  };
}

function redial(fds: number[], sent: number[], i: number): void {
  hangUp(fds[i] ?? -1);
  fds[i] = dial();
  sent[i] = 0;
}

/** False when the other end has hung up. */
function sendAll(fd: number, bytes: Buffer): boolean {
  return Number(send(fd, bytes, bytes.length, MSG_DONTWAIT_NOSIGNAL)) >= 0 || koffi.errno() === 11;
}

/** `segment`: the kernel makes datagrams of so many bytes of each. */
function flood(datagrams: readonly Buffer[], segment = 0): void {
  const fd = udpSocketIn(namespace, any);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(segment);
  setsockopt(fd, SOL_UDP, UDP_SEGMENT, size, size.length);
  const address = Buffer.alloc(16);
  address.writeUInt16LE(2);
  address.writeUInt16BE(53, 2);
  Buffer.from([127, 0, 0, 11]).copy(address, 4);
  connect(fd, address, address.length);
  for (;;) for (const datagram of datagrams) send(fd, datagram, datagram.length, MSG_DONTWAIT_NOSIGNAL);
}

function prepared(): () => void {
  const datagrams = DATAGRAMS[kind]?.();
  const attack = datagrams
    ? () => flood(datagrams)
    : kind.includes('rules')
      ? busyRules(kind === 'evicting rules')
      : OTHERS[kind];
  if (!attack) throw new Error(`${kind}: no such attack`);
  return attack;
}

const attack = prepared();
process.send?.('ready', () => attack());
