/**
 * A network driver that says yes to everything and does nothing, not even a card: what an attach costs with it is the
 * engine's own work, docker_gwbridge's card in it.
 */
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { DockerHost } from '../../lab.js';

export const FLOOR_DRIVER = 'benchfloor';
const FOLDER = '/run/docker/plugins';

const ANSWERS: Readonly<Record<string, object>> = {
  '/Plugin.Activate': { Implements: ['NetworkDriver'] },
  '/NetworkDriver.GetCapabilities': { Scope: 'local', ConnectivityScope: 'local' },
};

export class FloorDriver {
  private constructor(private readonly server: Server) {}

  /** Serves it to one host's engine, from this process. */
  static async start({ host }: Pick<DockerHost, 'host'>): Promise<FloorDriver> {
    mkdirSync(host.path(FOLDER), { recursive: true });
    const server = createServer((request, response) => {
      request.resume();
      request.on('end', () => {
        response.setHeader('Content-Type', 'application/vnd.docker.plugins.v1.1+json');
        response.end(JSON.stringify(ANSWERS[request.url ?? ''] ?? {}));
      });
    });
    server.listen(host.path(`${FOLDER}/${FLOOR_DRIVER}.sock`));
    await once(server, 'listening');
    return new FloorDriver(server);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}
