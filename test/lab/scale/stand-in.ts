/** Stands in for the Docker engine of one host: serves as much of its API as the plugin asks for, and calls the plugin. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Host } from '../host.js';
import { Driver } from './driver.js';
import { type Reply, reply } from './engine-api.js';
import { EngineContainers } from './engine-containers.js';
import { EngineNetworks } from './engine-networks.js';
import { fetchCard } from './sandbox.js';

const DOCKER = '/run/docker.sock';
const PLUGIN = '/run/docker/plugins/tsoverlay.sock';

export class StandIn {
  readonly networks: EngineNetworks;
  readonly containers: EngineContainers;
  private readonly listeners = new Set<ServerResponse>();
  private readonly server = createServer((request, response) => void this.answer(request, response));

  constructor(private readonly host: Host) {
    const driver = new Driver(() => host.path(PLUGIN));
    this.networks = new EngineNetworks(driver, (action, { Id, Name, Driver: type }) =>
      this.tell('network', action, Id, { name: Name, type }),
    );
    this.containers = new EngineContainers(
      driver,
      (action, { id }) => this.tell('container', action, id, {}),
      (container) => fetchCard(host, container),
    );
  }

  async serve(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject).listen(this.host.path(DOCKER), resolve);
    });
    // It is there already, so that the plugin does not make it before the engine does.
    await this.networks.create({ Name: 'docker_gwbridge', Driver: 'bridge' });
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private tell(type: string, action: string, id: string, attributes: Readonly<Record<string, string>>): void {
    const line = JSON.stringify({ Type: type, Action: action, Actor: { ID: id, Attributes: attributes } });
    for (const listener of this.listeners) listener.write(`${line}\n`);
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname: path, searchParams } = new URL(request.url ?? '/', 'http://docker');
    if (path === '/events') {
      this.listeners.add(response);
      response.on('close', () => this.listeners.delete(response));
      response.writeHead(200).flushHeaders();
      return;
    }
    let content = '';
    for await (const chunk of request.setEncoding('utf8')) content += String(chunk);
    const filters = JSON.parse(searchParams.get('filters') ?? '{}');
    const { status, body } = await reply(this, { method: request.method ?? '', path, filters, content }).catch(
      (e: unknown): Reply => ({ status: 500, body: { message: String(e) } }),
    );
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body ?? {}));
  }
}
