/** Asks one host, and knows of each ask what became of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Manner, ProbeSocket, type Received } from '../kernel/system/probe-socket.js';
import type { NodeAddress } from '../model/values/types.js';
import { ECHO_PORT, formatAsk, HEADER_BYTES, newSession, readAnswer } from './message.js';

/** One ask: of how many bytes of UDP there and back, and how each is sent. */
export interface Trial {
  readonly bytes: number;
  readonly answerBytes: number;
  readonly there: Manner;
  readonly back: Omit<Manner, 'segment'>;
}

/** `arrived`: how many asks of the session the other host had seen by then. */
export interface Answered {
  readonly number: number;
  readonly arrived: number;
  readonly ms: number;
}

/** Small, in software as far as can be, and cut where need be: what arrives if anything does. */
export const PLAIN: Trial = {
  bytes: HEADER_BYTES,
  answerBytes: HEADER_BYTES,
  there: { whole: false, checksum: false },
  back: { whole: false, checksum: false },
};

export class Exchange {
  private readonly session = newSession();
  private readonly socket: ProbeSocket;
  private readonly waiting = new Map<number, (answer: Answered) => void>();
  private next = 0;

  /** In the probe network's namespace at this path. Throws a KernelError. */
  constructor(
    namespace: string,
    self: NodeAddress,
    private readonly peer: NodeAddress,
  ) {
    this.socket = new ProbeSocket(namespace, { address: self, port: 0 }, (datagram) => this.onDatagram(datagram));
  }

  /** Undefined when no answer came in so many ms. */
  async ask(trial: Trial, patienceMs: number): Promise<Answered | undefined> {
    const [answer] = await this.send(trial, 1, patienceMs);
    return answer;
  }

  /** Several that the kernel, or the card, cuts out of one; `trial.bytes` each. Those answered in so many ms. */
  async askTogether(trial: Trial, count: number, patienceMs: number): Promise<readonly Answered[]> {
    return this.send({ ...trial, there: { ...trial.there, segment: trial.bytes } }, count, patienceMs);
  }

  close(): void {
    this.socket.close();
  }

  private async send(trial: Trial, count: number, patienceMs: number): Promise<readonly Answered[]> {
    const { bytes, answerBytes, there, back } = trial;
    const numbers = Array.from({ length: count }, () => this.next++);
    const { session } = this;
    const [answerWhole, answerChecksum] = [back.whole, back.checksum];
    const asks = numbers.map((number) =>
      formatAsk({ session, number, answerBytes, answerWhole, answerChecksum }, bytes),
    );
    const began = performance.now();
    const found: Answered[] = [];
    const all = new Promise<void>((resolve) => {
      for (const number of numbers)
        this.waiting.set(number, (answer) => {
          this.waiting.delete(number);
          found.push({ ...answer, ms: performance.now() - began });
          if (found.length === count) resolve();
        });
    });
    const refused = this.socket.send(Buffer.concat(asks), { address: this.peer, port: ECHO_PORT }, there);
    const ending = new AbortController();
    if (refused === undefined) {
      await Promise.race([all, sleep(patienceMs, undefined, { signal: ending.signal, ref: false }).catch(() => {})]);
      ending.abort();
    }
    for (const number of numbers) this.waiting.delete(number);
    return found;
  }

  private onDatagram({ bytes, from }: Received): void {
    const answer = readAnswer(bytes);
    if (answer === undefined || answer.session !== this.session || from.address !== this.peer) return;
    this.waiting.get(answer.number)?.({ number: answer.number, arrived: answer.arrived, ms: 0 });
  }
}
