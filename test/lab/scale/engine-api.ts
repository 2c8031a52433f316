/** As much of the Docker API as the plugin asks for, answered out of the stand-in's memory. */
import type { Container, EngineContainers } from './engine-containers.js';
import type { EngineNetworks, NetworkSpec, StoredNetwork } from './engine-networks.js';

export interface Reply {
  readonly status: number;
  readonly body?: unknown;
}

export interface Question {
  readonly method: string;
  readonly path: string;
  readonly filters: Readonly<Record<string, readonly string[]>>;
  readonly content: string;
}

interface Engine {
  readonly networks: EngineNetworks;
  readonly containers: EngineContainers;
}

const GONE: Reply = { status: 404, body: { message: 'no such thing' } };

export async function reply({ networks, containers }: Engine, asked: Question): Promise<Reply> {
  const { method, filters, content } = asked;
  const [, place, which = '', part] = asked.path.split('/');
  switch (`${method} ${place}`) {
    case 'GET networks': {
      if (which === '') return { status: 200, body: networks.list().filter(passing(filters)).map(listed) };
      const network = networks.find(which);
      return network === undefined ? GONE : { status: 200, body: inspected(network) };
    }
    case 'POST networks':
      await networks.create(JSON.parse(content) as NetworkSpec);
      return { status: 201 };
    case 'DELETE networks': {
      const network = networks.find(which);
      if (network === undefined) return GONE;
      await networks.remove(network);
      return { status: 204 };
    }
    case 'GET containers': {
      // Those that have ended are forgotten.
      const all = filters.status === undefined ? containers.list() : [];
      if (part === undefined) return { status: 200, body: all.map(listedContainer) };
      const container = containers.get(which);
      return container === undefined ? GONE : { status: 200, body: inspectedContainer(container) };
    }
    case 'GET plugins':
      return { status: 200, body: [] };
    case 'GET info':
      return { status: 200, body: {} };
    default:
      return GONE;
  }
}

/** Engines take what is looked for as a regular expression. */
const passing =
  ({ id = [], name = [], driver = [] }: Question['filters']) =>
  (network: StoredNetwork): boolean => {
    const has = (patterns: readonly string[], text: string) =>
      patterns.length === 0 || patterns.some((p) => new RegExp(p).test(text));
    return has(id, network.Id) && has(name, network.Name) && has(driver, network.Driver);
  };

const listed = ({ endpoints: _, ...network }: StoredNetwork): object => network;

const inspected = ({ endpoints, ...network }: StoredNetwork): object => ({
  ...network,
  Containers: Object.fromEntries(endpoints),
});

const listedContainer = ({ id, network }: Container): object => ({
  Id: id,
  NetworkSettings: { Networks: { [network.Name]: { NetworkID: network.Id } } },
});

const inspectedContainer = ({ id, name, network, endpoint, sandbox }: Container): object => ({
  Id: id,
  Name: `/${name}`,
  State: { Running: true, StartedAt: '0001-01-01T00:00:00Z', Error: '' },
  HostConfig: {},
  NetworkSettings: {
    SandboxKey: sandbox,
    Networks: { [network.Name]: { NetworkID: network.Id, EndpointID: endpoint, Aliases: [], DNSNames: null } },
  },
});
