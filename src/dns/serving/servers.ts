/** Our UDP socket and TCP server in one container's namespace: what comes in, and what goes out again. */
import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram';
import { createServer, type Server, type Socket } from 'node:net';
import { hasCode } from '../../errors.js';
import { ENGINE_ADDRESS, OUR_ADDRESS } from '../../kernel/rules/dns-rules.js';
import { kernelError } from '../../kernel/system/errno.js';
import { isListening, tcpConnectIn } from '../../kernel/system/sockets.js';
import { MAX_QUERY, servfail, type Transport, type Verdict } from '../answers/message.js';
import { COST, type Share } from './budget.js';
import { Conversation, type Host, socketOf } from './conversation.js';
import type { Counts } from './counts.js';
import { type Asker, Forwarder } from './forwarder.js';
import { openListeners } from './listeners.js';
import type { Turns } from './turns.js';

const MAX_CONNECTIONS = 64;
/** As many datagrams of one container wait for their turn. */
const MAX_WAITING = 2000;
/** What the kernel does not take at once stays with libuv: not more than so much, bytes. */
const MAX_UNSENT = 256 * 1024;

/** Open from its making until close(). Its sockets hold the namespace. */
export class Servers implements Host, Asker {
  readonly port: number;
  private readonly udp: UdpSocket;
  private readonly tcp: Server;
  private readonly listener: number;
  private readonly connections = new Set<Socket>();
  private readonly forwarder: Forwarder;
  /** Questions that wait for what they depend on. */
  private held = 0;
  private closed = false;

  /** The loopback device has to be up. Throws a KernelError and leaves nothing behind. */
  constructor(
    private readonly sandbox: string,
    private readonly verdict: (query: Buffer, transport: Transport) => Verdict,
    private readonly share: Share,
    private readonly turns: Turns,
    private readonly counts: Counts,
    /** Called once, when the container has asked for more than its share; this is closed then. */
    private readonly onSpent: () => void,
  ) {
    this.forwarder = new Forwarder(sandbox, this);
    const { port, udp, tcp } = openListeners(sandbox);
    this.port = port;
    this.listener = tcp;
    // Nothing to do about their errors: a client that is gone, addresses that the container has removed, descriptors
    // that have run out. But a container can bring them about.
    this.udp = createSocket('udp4').on('message', (query, client) => this.onDatagram(query, client));
    this.udp.on('error', () => this.spend(COST.message)).bind({ fd: udp });
    this.tcp = createServer({ allowHalfOpen: true }, (client) => this.onConnection(client));
    this.tcp.maxConnections = MAX_CONNECTIONS;
    this.tcp.on('error', () => {}).on('drop', () => this.spend(COST.connection));
    this.tcp.listen({ fd: tcp });
  }

  /** Whether somebody still waits for what has been asked. */
  get busy(): boolean {
    return this.forwarder.pending + this.connections.size + this.turns.waiting(this) + this.held > 0;
  }

  /**
   * Keeps the redirect alive (dns-rules.ts). Resolves to `gone` where the rules are not there that take the datagram,
   * to `refused` where the container's routes do not. Closed, it rejects with a KernelError where the container has ended
   * our listener.
   */
  async renew(): Promise<'renewed' | 'gone' | 'refused'> {
    if (this.closed) return 'refused';
    if (!isListening(this.listener)) {
      this.close();
      throw kernelError('accept: the container has ended our listener', 'ECONNABORTED');
    }
    return new Promise((resolve) =>
      this.udp.send(RENEWAL, this.port, ENGINE_ADDRESS, (e) =>
        resolve(e === null ? 'gone' : hasCode(e, 'EPERM') ? 'renewed' : 'refused'),
      ),
    );
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.turns.drop(this);
    this.forwarder.close();
    this.udp.close();
    this.tcp.close();
    for (const connection of this.connections) connection.destroy();
  }

  received(bytes: number): boolean {
    return this.spend(COST.message + bytes * COST.bytes);
  }

  failed(): void {
    this.spend(COST.noSocket);
  }

  takeSocket(): boolean {
    return this.share.takeSocket();
  }

  giveSocket(): void {
    this.share.giveSocket();
  }

  decide(query: Buffer): Promise<Verdict> {
    this.spend(COST.message);
    return new Promise((resolve) => this.inTurn(query, 'tcp', resolve));
  }

  /** Judges when it is this container's turn, and once what the verdict depends on is known. */
  private inTurn(query: Buffer, transport: Transport, use: (verdict: Verdict) => void): void {
    this.turns.add(this, () => {
      const verdict = this.judge(query, transport);
      if (verdict.kind !== 'wait') return use(verdict);
      this.held++;
      void verdict.until.finally(() => {
        this.held--;
        if (!this.closed) this.inTurn(query, transport, use);
      });
    });
  }

  connect(): Socket {
    const local = { address: OUR_ADDRESS, port: 0 };
    try {
      return socketOf(tcpConnectIn(this.sandbox, { local, remote: { address: ENGINE_ADDRESS, port: 53 } }));
    } catch (e) {
      this.failed();
      throw e;
    }
  }

  private onConnection(client: Socket): void {
    this.counts.connections++;
    if (!this.spend(COST.connection) || !this.takeSocket()) {
      client.destroy();
      return;
    }
    this.connections.add(client);
    client.on('close', () => {
      this.connections.delete(client);
      this.giveSocket();
    });
    new Conversation(client, this);
  }

  private onDatagram(query: Buffer, client: RemoteInfo): void {
    if (!this.received(query.length)) return;
    // Port 0 is forged with a raw socket; nobody could get an answer there, and send() throws. From our own comes what
    // should have renewed.
    if (client.port === 0 || client.port === this.port || this.turns.waiting(this) + this.held >= MAX_WAITING) {
      this.counts.dropped++;
      return;
    }
    // Of what is too long only the header counts.
    const kept = query.length > MAX_QUERY ? Buffer.from(query.subarray(0, MAX_QUERY + 1)) : query;
    this.inTurn(kept, 'udp', (verdict) => this.answer(kept, verdict, client));
  }

  private answer(query: Buffer, verdict: Verdict, client: RemoteInfo): void {
    if (verdict.kind === 'reply') this.send(verdict.bytes, client);
    else if (verdict.kind === 'forward') {
      this.forwarder.forward(query, (answer) => this.send(answer ?? servfail(query), client));
    }
  }

  private send(bytes: Buffer, client: RemoteInfo): void {
    if (this.closed || this.udp.getSendQueueSize() > MAX_UNSENT) return;
    this.udp.send(bytes, client.port, client.address);
  }

  /** Over the budget, it is nothing any more. */
  private judge(query: Buffer, transport: Transport): Verdict {
    const verdict = this.verdict(query, transport);
    if (verdict.kind === 'wait') return verdict;
    if (verdict.kind === 'reply') {
      this.counts.answered++;
      return this.spend(verdict.endpoints * COST.endpoint + verdict.bytes.length * COST.bytes) ? verdict : DROP;
    }
    if (verdict.kind === 'drop') this.counts.dropped++;
    else {
      this.counts.forwarded++;
      if (!this.spend(COST.forward)) return DROP;
    }
    return verdict;
  }

  private spend(units: number): boolean {
    if (this.closed) return false;
    if (this.share.spend(units)) return true;
    this.close();
    this.onSpent();
    return false;
  }
}

const DROP: Verdict = { kind: 'drop' };
const RENEWAL = Buffer.alloc(0);
