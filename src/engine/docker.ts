/** The local engine over dockerode. Every request has a deadline, and none is ever awaited in a driver call. */
import Docker from 'dockerode';
import { UserError } from '../errors.js';
import type { Reason } from '../health/entry.js';
import type { RowPort } from '../health/row.js';
import type {
  Engine,
  EngineContainer,
  EngineEvent,
  EngineNetwork,
  ListedEndpoint,
  NamedNetwork,
} from '../model/ports/engine-port.js';
import { GWBRIDGE, isOurDriver, OPTION_MIRROR } from '../model/values/names.js';
import type { GwbridgeWish } from '../model/values/settings.js';
import type { EndpointId, EngineNetworkId, Network, NetworkId } from '../model/values/types.js';
import { listedOf, namesOf } from './container-names.js';
import { followEvents } from './event-stream.js';
import { addressesOf, gatewaysOf, namedNetworks, placesOf } from './foreign.js';
import { BRIDGE_NAME, gwbridgeSpec } from './gwbridge.js';
import { type Inspected, inspectAll } from './inspecting.js';
import { linkLocalIps } from './link-local.js';
import { lookupOf } from './lookup.js';
import { mirrorSpec } from './mirror.js';
import { rangesOf } from './ranges.js';
import { isOnOneOf, isStranded } from './stranded.js';

/** Long enough for a container's inspect, which waits while the engine starts the container. */
const REQUEST_TIMEOUT_MS = 30_000;
/** For each of several inspects: of those that run, and of those that may be stranded, ms. */
const RUNNING_MS = 5_000;
const STRANDED_MS = 2_000;

const statusOf = (e: unknown): number | undefined =>
  e instanceof Error && 'statusCode' in e && typeof e.statusCode === 'number' ? e.statusCode : undefined;

export class DockerEngine implements Engine {
  private readonly docker: Docker;
  /** Without a time-out: events may be far apart. */
  private readonly stream: Docker;

  constructor(
    socketPath: string,
    /** Of its events. */
    private readonly row: RowPort<Reason>,
  ) {
    this.docker = new Docker({ socketPath, timeout: REQUEST_TIMEOUT_MS });
    this.stream = new Docker({ socketPath });
  }

  async networks(only?: { readonly id: string } | { readonly name: string }): Promise<readonly EngineNetwork[]> {
    const filters = Object.fromEntries(Object.entries(only ?? {}).map(([key, value]) => [key, [literal(value)]]));
    const list = await this.docker.listNetworks(only === undefined ? {} : { filters });
    return list
      .filter((n) => isOurDriver(n.Driver))
      .map((n) => {
        const mirrorOf = n.Options?.[OPTION_MIRROR];
        return {
          id: n.Id as EngineNetworkId,
          name: n.Name,
          labels: n.Labels ?? {},
          attachable: n.Attachable === true,
          ...ipamOptionsOf(n.IPAM?.Options),
          ranges: rangesOf(n.IPAM?.Config ?? []),
          ...(mirrorOf === undefined ? {} : { mirrorOf: mirrorOf as NetworkId }),
        };
      });
  }

  async endpoints(network: EngineNetworkId): Promise<ReadonlyMap<EndpointId, ListedEndpoint> | undefined> {
    const found = await this.orGone(this.docker.getNetwork(network).inspect());
    if (found === undefined) return undefined;
    const containers = Object.entries(found.Containers ?? {});
    return new Map(containers.map(([key, c]) => [c.EndpointID as EndpointId, listedOf(key, c.Name)]));
  }

  async createMirror(network: Network): Promise<void> {
    try {
      await this.docker.createNetwork({ ...mirrorSpec(network) });
    } catch (e) {
      if (statusOf(e) !== 409) throw e;
      throw new UserError(
        `network ${network.announced?.name} of another host cannot appear here, for this engine has a network of that name; remove one of the two`,
      );
    }
  }

  async users(network: EngineNetworkId): Promise<number> {
    return (await this.docker.listContainers({ all: true, filters: { network: [network] } })).length;
  }

  /** Makes docker_gwbridge when the engine has none yet. True when it did. */
  async ensureGwbridge(wish: GwbridgeWish): Promise<boolean> {
    const found = await this.docker.listNetworks({ filters: { name: [GWBRIDGE] } });
    if (found.some((n) => n.Name === GWBRIDGE)) return false;
    await this.docker.createNetwork(gwbridgeSpec(wish));
    return true;
  }

  async bridges(): Promise<readonly string[]> {
    const list = await this.docker.listNetworks({ filters: { driver: ['bridge'] } });
    return list.map((n) => n.Options?.[BRIDGE_NAME] ?? `br-${n.Id.slice(0, 12)}`);
  }

  async removeNetwork(network: EngineNetworkId): Promise<boolean> {
    try {
      await this.orGone(this.docker.getNetwork(network).remove());
      return true;
    } catch (e) {
      if (statusOf(e) === 403 || statusOf(e) === 409) return false;
      throw e;
    }
  }

  async containers(): Promise<Inspected<EngineContainer>> {
    const ids = await this.onOurs(await this.docker.listContainers());
    return inspectAll(ids, RUNNING_MS, (id) => this.container(id));
  }

  async named(): Promise<ReadonlyMap<EngineNetworkId, NamedNetwork>> {
    return namedNetworks(await this.docker.listNetworks());
  }

  async placed(): Promise<ReadonlyMap<string, ReadonlyMap<EngineNetworkId, EndpointId>>> {
    return placesOf(await this.docker.listContainers());
  }

  async inspect(containers: readonly string[]): Promise<readonly EngineContainer[]> {
    return (await inspectAll(containers, RUNNING_MS, (id) => this.container(id))).told;
  }

  private async onOurs(list: readonly Docker.ContainerInfo[]): Promise<string[]> {
    const ours = new Set<string>((await this.networks()).map((n) => n.id));
    return list
      .filter((c) => Object.values(c.NetworkSettings?.Networks ?? {}).some((n) => ours.has(n.NetworkID)))
      .map((c) => c.Id);
  }

  async container(id: string): Promise<EngineContainer | undefined> {
    const found = await this.orGone(this.docker.getContainer(id).inspect());
    if (found === undefined || !found.State.Running) return undefined;
    return {
      id: found.Id,
      sandbox: found.NetworkSettings.SandboxKey,
      attachments: Object.values(found.NetworkSettings.Networks).map((n) => ({
        network: n.NetworkID as EngineNetworkId,
        endpoint: n.EndpointID as EndpointId,
        names: namesOf(found.Name, found.Id, n),
        linkLocal: linkLocalIps(n),
        lookup: lookupOf(n),
        addresses: addressesOf(n),
        gateways: gatewaysOf(n),
      })),
    };
  }

  async stranded(): Promise<readonly string[]> {
    const list = await this.docker.listContainers({ all: true, filters: { status: ['exited'] } });
    const networks = await this.networks();
    const ours = list.filter((c) => isOnOneOf(networks, c)).map(({ Id }) => Id);
    const { told } = await inspectAll(ours, STRANDED_MS, (id) => this.orGone(this.docker.getContainer(id).inspect()));
    return told.flatMap((c) => (isStranded(c) ? [c.Id] : []));
  }

  async start(id: string): Promise<'started' | 'reconnected'> {
    const container = this.docker.getContainer(id);
    const found = await this.orGone(container.inspect());
    const mode = found?.HostConfig.NetworkMode ?? '';
    const isForgotten = found !== undefined && Object.keys(found.NetworkSettings.Networks).length === 0;
    if (isForgotten) await this.orGone(this.docker.getNetwork(mode).connect({ Container: id }));
    await this.orGone(container.start());
    return isForgotten ? 'reconnected' : 'started';
  }

  events(onEvent: (event: EngineEvent) => void, onConnect: () => void, signal: AbortSignal): void {
    void followEvents({ docker: this.stream, onEvent, onConnect, row: this.row, signal });
  }

  private async orGone<T>(request: Promise<T>): Promise<T | undefined> {
    try {
      return await request;
    } catch (e) {
      if (statusOf(e) === 404) return undefined;
      throw e;
    }
  }
}

/** Mirrors of older builds have our mark among them. */
function ipamOptionsOf(options: Readonly<Record<string, string>> | null | undefined) {
  const typed = Object.entries(options ?? {}).filter(([key]) => key !== OPTION_MIRROR);
  return typed.length === 0 ? {} : { ipamOptions: Object.fromEntries(typed) };
}

/** Engines take what is looked for as a regular expression. */
const literal = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
