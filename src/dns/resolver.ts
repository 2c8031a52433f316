/** The resolver of one container: answers the cluster's names in its namespace, passes all else to the engine's. */
import { randomInt } from 'node:crypto';
import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram';
import { createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { isKernelError } from '../errors.js';
import { ENGINE_ADDRESS, OUR_ADDRESS, Redirect } from '../kernel/nftables.js';
import { tcpConnectIn } from '../kernel/sockets.js';
import { converse, socketOf } from './conversation.js';
import { Forwarder } from './forwarder.js';
import { type Listeners, openListeners } from './listeners.js';
import { decide, servfail, type Transport, type Verdict } from './message.js';
import type { Zone } from './zone.js';

/** pino's methods, as far as the resolver needs them. */
export interface Log {
  warn(fields: object, message: string): void;
  debug(fields: object, message: string): void;
}

/** How long stop() serves what is under way, milliseconds. */
const DRAIN_MS = 1000;
const MIN_DRAIN_MS = 20;
const MAX_CONNECTIONS = 128;

interface Running {
  readonly redirect: Redirect;
  readonly udp: UdpSocket;
  readonly tcp: Server;
  readonly connections: Set<Socket>;
  readonly port: number;
}

/** start() once, then renew() at least every LIVE_MS, then stop() or abandon(). Its sockets hold the namespace. */
export class Resolver {
  private running: Running | undefined;
  private readonly forwarder: Forwarder;

  constructor(
    /** Path of the container's network namespace. */
    readonly sandbox: string,
    /** Called for every query: what the container can look up right now, its networks in order. */
    private readonly zones: () => readonly Zone[],
    private readonly log?: Log,
  ) {
    this.forwarder = new Forwarder(sandbox);
  }

  /**
   * Listens, then redirects; when it returns, the next query is ours. Another resolver's redirect in this namespace is
   * replaced without a gap. Throws a KernelError and leaves nothing behind.
   */
  start(): void {
    const redirect = new Redirect(this.sandbox);
    try {
      const listeners = openListeners(this.sandbox);
      this.running = this.wrap(redirect, listeners);
      redirect.ensure(listeners.port);
    } catch (e) {
      if (this.running) this.abandon();
      else redirect.close();
      throw e;
    }
  }

  /** Keeps the redirect alive for another LIVE_MS, and makes it anew when it was removed. Throws a KernelError. */
  renew(): void {
    if (!this.running) return;
    const { redirect, port } = this.running;
    try {
      redirect.renew();
    } catch (e) {
      // `nft flush ruleset` in the container takes ours along.
      if (!isKernelError(e, 'ENOENT')) throw e;
      redirect.ensure(port);
    }
  }

  /** A clean stop: new queries are the engine's at once, those under way are served for at most DRAIN_MS. */
  async stop(): Promise<void> {
    if (!this.running) return;
    const { redirect, connections } = this.running;
    try {
      redirect.suspend();
      // The listener stays: closing it would reset connections that wait to be accepted.
      await this.drained(connections);
      redirect.remove();
    } finally {
      this.abandon();
    }
  }

  /** Closes everything and leaves the redirect to time out: the namespace is gone, or another resolver's by now. */
  abandon(): void {
    if (!this.running) return;
    const { redirect, udp, tcp, connections } = this.running;
    this.running = undefined;
    this.forwarder.close();
    udp.close();
    tcp.close();
    for (const connection of connections) connection.destroy();
    redirect.close();
  }

  private wrap(redirect: Redirect, { port, udp: udpFd, tcp: tcpFd }: Listeners): Running {
    const connections = new Set<Socket>();
    const udp = createSocket('udp4').on('message', (query, client) => this.onDatagram(query, client));
    // Nothing to do about either: a client that is gone, or descriptors that have run out.
    udp.on('error', (error) => this.log?.debug({ sandbox: this.sandbox, error }, 'DNS socket'));
    udp.bind({ fd: udpFd });
    const tcp = createServer({ allowHalfOpen: true }, (client) => {
      connections.add(client.on('close', () => connections.delete(client)));
      converse(
        client,
        (query) => this.decide(query, 'tcp'),
        () => this.connectToEngine(),
      );
    });
    tcp.on('error', (error) => this.log?.debug({ sandbox: this.sandbox, error }, 'DNS listener'));
    tcp.maxConnections = MAX_CONNECTIONS;
    tcp.listen({ fd: tcpFd });
    return { redirect, udp, tcp, connections, port };
  }

  private onDatagram(query: Buffer, client: RemoteInfo): void {
    // Forged with a raw socket; nobody could get an answer there, and send() throws.
    if (client.port === 0) return;
    const respond = (bytes: Buffer): void => this.running?.udp.send(bytes, client.port, client.address);
    const verdict = this.decide(query, 'udp');
    if (verdict.kind === 'reply') respond(verdict.bytes);
    else if (verdict.kind === 'forward') {
      this.forwarder.forward(query, (answer) => respond(answer ?? servfail(query)));
    }
  }

  private decide(query: Buffer, transport: Transport): Verdict {
    try {
      return decide(query, transport, this.zones(), shuffled);
    } catch (error) {
      this.log?.warn({ sandbox: this.sandbox, err: error }, 'DNS: no zones to answer from, the engine is asked');
      return { kind: 'forward' };
    }
  }

  private connectToEngine(): Socket {
    const local = { address: OUR_ADDRESS, port: 0 };
    return socketOf(tcpConnectIn(this.sandbox, { local, remote: { address: ENGINE_ADDRESS, port: 53 } }));
  }

  /** Resolves when nothing is under way any more, at the latest after DRAIN_MS. */
  private async drained(connections: ReadonlySet<Socket>): Promise<void> {
    const began = performance.now();
    do await sleep(MIN_DRAIN_MS);
    while ((this.forwarder.pending > 0 || connections.size > 0) && performance.now() - began < DRAIN_MS);
  }
}

/** Every order equally likely. */
function shuffled<T>(items: readonly T[]): T[] {
  const order = items.map((item) => ({ item, key: randomInt(2 ** 32) }));
  return order.sort((a, b) => a.key - b.key).map(({ item }) => item);
}
