/**
 * A network driver that makes one veth pair for each endpoint, on no bridge, and nothing else: what an attach costs with it
 * is the engine's own work, its card and docker_gwbridge's in it.
 */
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { json } from 'node:stream/consumers';
import * as z from 'zod';
import { addLink, formatLink, removeLink } from '../../../../src/kernel/links/links.js';
import { Rtnetlink } from '../../../../src/kernel/netlink/rtnetlink.js';
import { VETH_INFO_PEER } from '../../../../src/kernel/netlink/uapi.js';
import { withNamespace } from '../../../../src/kernel/system/netns.js';
import type { DockerHost } from '../../lab.js';
import { netnsPath } from '../../paths.js';

export const FLOOR_DRIVER = 'benchfloor';
const FOLDER = '/run/docker/plugins';
const MTU = 1450;

const endpoint = z.object({ EndpointID: z.string() });
/** Both ends of its pair. */
const endsOf = (id: string) => ({ near: `floor${id.slice(0, 7)}`, far: `card${id.slice(0, 7)}` });

export class FloorDriver {
  private constructor(
    private readonly server: Server,
    private readonly socket: Rtnetlink,
  ) {}

  /** Serves it to one host's engine, from this process. */
  static async start({ host }: Pick<DockerHost, 'host'>): Promise<FloorDriver> {
    mkdirSync(host.path(FOLDER), { recursive: true });
    const socket = withNamespace(netnsPath(host.machineName), () => new Rtnetlink());
    const server = createServer(async (request, response) => {
      response.setHeader('Content-Type', 'application/vnd.docker.plugins.v1.1+json');
      response.end(JSON.stringify(await answer(socket, request).catch((e: unknown) => ({ Err: String(e) }))));
    });
    server.listen(host.path(`${FOLDER}/${FLOOR_DRIVER}.sock`));
    await once(server, 'listening');
    return new FloorDriver(server, socket);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
    this.socket.close();
  }
}

async function answer(socket: Rtnetlink, request: IncomingMessage): Promise<object> {
  const body = await json(request).catch(() => ({}));
  const ends = () => endsOf(endpoint.parse(body).EndpointID);
  const peer = () => formatLink(0, { name: ends().far, mtu: MTU });
  switch (request.url) {
    case '/Plugin.Activate':
      return { Implements: ['NetworkDriver'] };
    case '/NetworkDriver.GetCapabilities':
      return { Scope: 'local', ConnectivityScope: 'local' };
    case '/NetworkDriver.CreateEndpoint':
      await addLink(socket, { name: ends().near, mtu: MTU, kind: 'veth', data: [[VETH_INFO_PEER, peer()]] });
      return {};
    case '/NetworkDriver.Join':
      return { InterfaceName: { SrcName: ends().far, DstPrefix: 'eth' } };
    case '/NetworkDriver.DeleteEndpoint':
      await removeLink(socket, ends().near);
      return {};
    default:
      return {};
  }
}
