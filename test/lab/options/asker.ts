/** A program in a container that keeps one UDP socket for all its questions, and reads whatever comes. */
import { createSocket, type Socket } from 'node:dgram';
import { setTimeout as sleep } from 'node:timers/promises';
import { type DecodedPacket, decode, encode, type RecordType } from 'dns-packet';
import { setReceiveBuffer, udpSocketIn } from '../../../src/kernel/system/sockets.js';
import type { Site } from './site.js';

const RECEIVE_BYTES = 8 * 1024 * 1024;

export interface Heard {
  readonly rcode: string;
  /** Type and data of each record. */
  readonly answers: readonly (readonly [string, unknown])[];
}

export class Asker {
  private readonly socket: Socket;
  private readonly heard = new Map<number, DecodedPacket>();
  private id = 0;
  /** Packets that could not be read. */
  malformed = 0;

  private constructor(namespace: string, address: string) {
    const fd = udpSocketIn(namespace, { address, port: 0 });
    setReceiveBuffer(fd, RECEIVE_BYTES);
    this.socket = createSocket('udp4').bind({ fd });
    this.socket.on('error', () => {});
    this.socket.on('message', (bytes) => this.receive(bytes));
  }

  /** In the namespace of a container of the host. What comes from 127.0.0.12 our rules leave to the engine's resolver. */
  static async in(site: Site, host: number, container: string, address = '0.0.0.0'): Promise<Asker> {
    const key = await site.docker(host, `inspect --format {{.NetworkSettings.SandboxKey}} ${container}`);
    return new Asker(site.lab.host(host).host.path(key.replace(/^\/var/, '')), address);
  }

  /** Undefined when no answer came in time. Asks once, never again. */
  async ask(name: string, type = 'A', timeoutMs = 3000): Promise<Heard | undefined> {
    return (await this.askAll([name], type, timeoutMs))[0];
  }

  /** All in one burst. */
  async askAll(names: readonly string[], type = 'A', timeoutMs = 3000): Promise<readonly (Heard | undefined)[]> {
    const ids = names.map((name) => {
      const id = ++this.id & 0xffff;
      const questions = [{ name, type: type as RecordType }];
      this.socket.send(encode({ type: 'query', id, flags: 0x100, questions }), 53, '127.0.0.11');
      return id;
    });
    const end = performance.now() + timeoutMs;
    while (ids.some((id) => !this.heard.has(id)) && performance.now() < end) await sleep(10);
    return ids.map((id) => hear(this.heard.get(id)));
  }

  close(): void {
    this.socket.close();
  }

  private receive(bytes: Buffer): void {
    try {
      const packet = decode(bytes);
      this.heard.set(packet.id ?? -1, packet);
    } catch {
      this.malformed++;
    }
  }
}

function hear(packet: DecodedPacket | undefined): Heard | undefined {
  if (packet === undefined) return undefined;
  const answers = (packet.answers ?? []).map(
    (record) => [record.type, 'data' in record ? plain(record.data) : undefined] as const,
  );
  return { rcode: 'rcode' in packet ? String(packet.rcode) : '', answers };
}

/** TXT data are bytes. */
const plain = (data: unknown): unknown => (Array.isArray(data) ? data.map(String) : data);
