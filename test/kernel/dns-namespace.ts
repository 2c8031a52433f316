/** A container's namespace with the engine's resolver in it, as the engine sets it up, and a client to ask with. */
import { execFileSync } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { closeSync, mkdtempSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, type DecodedPacket, decode, encode, type RecordType } from 'dns-packet';
import { Frames, frame } from '../../src/dns/answers/frames.js';
import { socketOf } from '../../src/dns/serving/conversation.js';
import { createNamespace, removeNamespace } from '../../src/kernel/system/netns.js';
import { portOf, tcpConnectIn, tcpListenerIn, udpSocketIn } from '../../src/kernel/system/sockets.js';

const folder = mkdtempSync(join(tmpdir(), 'tsoverlay-dns-'));
let made = 0;

export const freePath = (): string => join(folder, `netns-${++made}`);

export function makeNamespace(): string {
  const path = freePath();
  createNamespace(path);
  inside(path, 'ip', 'link', 'set', 'lo', 'up');
  return path;
}

export const dropNamespace = removeNamespace;

export const inside = (namespace: string, ...command: string[]): string =>
  execFileSync('nsenter', [`--net=${namespace}`, ...command], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** What the engine's resolver of these tests answers to any A query. */
export const FROM_ENGINE = '203.0.113.7';

export type Firewall = 'nft' | 'iptables-nft' | 'iptables-legacy';

/** The engine's resolver: a responder on 127.0.0.11, random port, behind the engine's own rules. */
export class FakeEngine {
  readonly asked: { name: string; from: string; port: number }[] = [];
  /** What is not answered at all. */
  readonly silent = new Set<string>();
  private udp: Socket | undefined;
  private tcp: Server | undefined;

  constructor(
    private readonly namespace: string,
    private readonly firewall: Firewall,
  ) {
    this.listen();
  }

  /** What a live-restore does: new sockets on new ports, the rules refilled. */
  move(): void {
    this.close();
    this.listen();
  }

  close(): void {
    this.udp?.close();
    this.tcp?.close();
    this.udp = this.tcp = undefined;
  }

  private listen(): void {
    const local = { address: '127.0.0.11', port: 0 };
    const udpFd = udpSocketIn(this.namespace, local);
    const tcpFd = tcpListenerIn(this.namespace, local);
    this.rules(portOf(udpFd), portOf(tcpFd));
    const udp = createSocket('udp4').on('message', (query, client) => {
      const answer = this.answer(query, client.address, client.port);
      if (answer) udp.send(answer, client.port, client.address);
    });
    this.udp = udp.bind({ fd: udpFd });
    this.tcp = createServer((client) => {
      const frames = new Frames();
      client.on('error', () => {});
      client.on('data', (chunk: Buffer) => {
        for (const query of frames.push(chunk)) {
          const answer = this.answer(query, client.remoteAddress ?? '', client.remotePort ?? 0);
          if (answer) client.write(frame(answer));
        }
      });
    }).listen({ fd: tcpFd });
  }

  private answer(query: Buffer, from: string, port: number): Buffer | undefined {
    const packet = readable(query);
    if (!packet) return undefined;
    const name = packet.questions?.[0]?.name ?? '';
    this.asked.push({ name, from, port });
    if (this.silent.has(name)) return undefined;
    const answers: Answer[] = [{ type: 'A', name, ttl: 600, data: FROM_ENGINE }];
    return encode({ type: 'response', id: packet.id, flags: 0x180, questions: packet.questions, answers });
  }

  private rules(udp: number, tcp: number): void {
    if (this.firewall === 'nft') {
      // moby's nftables backend, daemon/libnetwork/resolver_unix.go
      inside(
        this.namespace,
        'nft',
        `table ip docker-dns
        delete table ip docker-dns
        table ip docker-dns {
          chain dns-dnat {
            type nat hook output priority -100; policy accept;
            ip daddr 127.0.0.11 udp dport 53 counter dnat to 127.0.0.11:${udp}
            ip daddr 127.0.0.11 tcp dport 53 counter dnat to 127.0.0.11:${tcp}
          }
          chain dns-snat {
            type nat hook postrouting priority 100; policy accept;
            ip saddr 127.0.0.11 udp sport ${udp} counter snat to :53
            ip saddr 127.0.0.11 tcp sport ${tcp} counter snat to :53
          }
        }`,
      );
      return;
    }
    const iptables = (rule: string): string =>
      inside(this.namespace, this.firewall, '--wait', '-t', 'nat', ...rule.split(' '));
    if (!inside(this.namespace, `${this.firewall}-save`).includes('DOCKER_OUTPUT')) {
      for (const chain of ['OUTPUT', 'POSTROUTING']) {
        iptables(`-N DOCKER_${chain}`);
        iptables(`-I ${chain} -d 127.0.0.11 -j DOCKER_${chain}`);
      }
    }
    for (const [chain, protocol, port] of [
      ['OUTPUT', 'udp', udp],
      ['OUTPUT', 'tcp', tcp],
      ['POSTROUTING', 'udp', udp],
      ['POSTROUTING', 'tcp', tcp],
    ] as const) {
      if (protocol === 'udp') iptables(`-F DOCKER_${chain}`);
      iptables(
        chain === 'OUTPUT'
          ? `-A DOCKER_OUTPUT -d 127.0.0.11 -p ${protocol} --dport 53 -j DNAT --to-destination 127.0.0.11:${port}`
          : `-A DOCKER_POSTROUTING -s 127.0.0.11 -p ${protocol} --sport ${port} -j SNAT --to-source :53`,
      );
    }
  }
}

/** The engine does not read more either. */
const MAX_READ = 512;

function readable(query: Buffer): DecodedPacket | undefined {
  if (query.length > MAX_READ) return undefined;
  try {
    return decode(query);
  } catch {
    return undefined;
  }
}

const query = (name: string, type: string, id: number): Buffer =>
  encode({ type: 'query', id, flags: 0x100, questions: [{ name, type: type as RecordType }] });

/** A program in the container that keeps one UDP socket for all its questions, as nginx and HAProxy do. */
export class Client {
  private readonly socket: Socket;
  private readonly waiting = new Map<number, (packet: DecodedPacket) => void>();
  private id = 0;

  constructor(namespace: string) {
    this.socket = createSocket('udp4').bind({ fd: udpSocketIn(namespace, { address: '0.0.0.0', port: 0 }) });
    this.socket.on('error', () => {});
    this.socket.on('message', (bytes, from) => {
      if (from.address !== '127.0.0.11' || from.port !== 53) return;
      const packet = decode(bytes);
      this.waiting.get(packet.id ?? -1)?.(packet);
    });
  }

  /** The answer's data; rejects when there is none in time. Asks once, never again. */
  async ask(name: string, type = 'A', timeoutMs = 1000): Promise<readonly unknown[]> {
    const id = ++this.id;
    const answer = new Promise<DecodedPacket>((resolve) => this.waiting.set(id, resolve));
    this.socket.send(query(name, type, id), 53, '127.0.0.11');
    const packet = await Promise.race([answer, sleep(timeoutMs, undefined, { ref: false })]);
    this.waiting.delete(id);
    if (!packet) throw new Error(`${name} ${type}: no answer within ${timeoutMs} ms`);
    return dataOf(packet);
  }

  /** Sends anything. */
  send(bytes: Buffer): void {
    this.socket.send(bytes, 53, '127.0.0.11');
  }

  close(): void {
    this.socket.close();
  }
}

/** One question from a fresh socket. */
export async function askUdp(
  namespace: string,
  name: string,
  type = 'A',
  timeoutMs = 1000,
): Promise<readonly unknown[]> {
  const client = new Client(namespace);
  try {
    return await client.ask(name, type, timeoutMs);
  } finally {
    client.close();
  }
}

/** Questions of one TCP connection, sent together; their answers by order of id. */
export async function askTcp(namespace: string, ...names: string[]): Promise<readonly (readonly unknown[])[]> {
  const ends = { local: { address: '0.0.0.0', port: 0 }, remote: { address: '127.0.0.11', port: 53 } };
  const socket = socketOf(tcpConnectIn(namespace, ends));
  const frames = new Frames();
  const found: DecodedPacket[] = [];
  await new Promise<void>((resolve, reject) => {
    socket.setTimeout(2000, () => reject(new Error(`${names}: no answer over TCP`)));
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`${names}: TCP connection closed`)));
    socket.on('data', (chunk: Buffer) => {
      for (const bytes of frames.push(chunk)) found.push(decode(bytes));
      if (found.length === names.length) resolve();
    });
    socket.write(Buffer.concat(names.map((name, id) => frame(query(name, 'A', id)))));
  }).finally(() => socket.destroy());
  return found.sort((a, b) => (a.id ?? 0) - (b.id ?? 0)).map(dataOf);
}

const dataOf = (packet: DecodedPacket): readonly unknown[] =>
  (packet.answers ?? []).map((record) => ('data' in record ? record.data : undefined));

export const closeAll = (...fds: number[]): void => fds.forEach((fd) => void closeSync(fd));
