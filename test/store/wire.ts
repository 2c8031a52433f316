/** The way to Consul, to look at and to cut. */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** A TCP proxy before Consul that counts what comes back, and can be cut. */
export class Wire {
  received = 0;
  private readonly sockets = new Set<Socket>();
  private constructor(private readonly server: Server) {}

  static async to(port: number): Promise<Wire> {
    const server = createServer();
    const wire = new Wire(server);
    server.on('connection', (near) => wire.join(near, connect(port, '127.0.0.1')));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return wire;
  }

  get port(): number {
    const address = this.server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    return address.port;
  }

  /** Ends each connection with this probability. */
  cut(share: number): void {
    for (const socket of this.sockets) if (Math.random() < share) socket.destroy();
  }

  close(): void {
    this.cut(1);
    this.server.close();
  }

  private join(near: Socket, far: Socket): void {
    this.sockets.add(near);
    far.on('data', (chunk: Buffer) => {
      this.received += chunk.length;
    });
    near.pipe(far).pipe(near);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.on('error', () => undefined);
      one.on('close', () => {
        this.sockets.delete(near);
        other.destroy();
      });
    }
  }
}
