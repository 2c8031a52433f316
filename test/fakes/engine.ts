/**
 * A Docker engine in memory: what it has of our networks and containers, what people type at it, and what it asks of its
 * plugin meanwhile. As the real one it hides what it is removing, tells of events late, and forgets nobody's mistakes.
 */
import { inspectAll } from '../../src/engine/inspecting.js';
import { UserError } from '../../src/errors.js';
import type {
  Engine,
  EngineContainer,
  EngineEvent,
  EngineNetwork,
  ListedEndpoint,
} from '../../src/model/ports/engine-port.js';
import { OPTION_MIRROR } from '../../src/model/values/names.js';
import type { EndpointId, EngineNetworkId, Network, NetworkId } from '../../src/model/values/types.js';

/** Asks the plugin as the engine does; rejects with what the plugin answers as its error. */
export type CallPlugin = (method: string, body: object) => Promise<object>;

interface Place {
  readonly network: EngineNetworkId;
  readonly endpoint: EndpointId;
  readonly address: string;
  readonly pool: string;
}

interface Container {
  readonly id: string;
  name: string;
  isRunning: boolean;
  /** Undefined between an engine's death and the next start: the engine has forgotten its places. */
  place: Place | undefined;
  readonly aliases: readonly string[];
  isStranded: boolean;
  /** The engine has forgotten its networks, as of version 29 after a failed Join. */
  isForgotten: boolean;
  /** What a start of it fails of. */
  trouble: string | undefined;
}

/** People and namespaces know things by how their ids begin. */
const idOf = (n: number): string => n.toString(16).padEnd(64, '0');

export class FakeEngine implements Engine {
  /** What was asked of it that changes something, in order. */
  readonly asked: string[] = [];
  /** Containers whose inspect never ends. */
  readonly hanging = new Set<string>();
  /** Every request fails while it is set. */
  isDown = false;
  /** The plugin that it talks to; without one it has networks and containers of its own alone. */
  plugin: CallPlugin = async () => ({});
  private readonly here = new Map<EngineNetworkId, EngineNetwork & { readonly pool: string }>();
  private readonly containersById = new Map<string, Container>();
  private readonly followers = new Set<{ onEvent: (event: EngineEvent) => void; onConnect: () => void }>();
  private made: number;

  /** Ids of networks, endpoints and containers count from here: no two hosts make the same. */
  constructor(from: number) {
    this.made = from;
  }

  /** Of its networks, for tests: `shop`, and `shop (mirror)` of another host's. */
  get names(): readonly string[] {
    return [...this.here.values()].map(({ name, mirrorOf }) => (mirrorOf === undefined ? name : `${name} (mirror)`));
  }

  // What people type.

  async networkCreate(name: string, subnet = ''): Promise<NetworkId> {
    if (this.byName(name) !== undefined) throw new UserError(`network with name ${name} already exists`);
    const id = idOf(++this.made) as EngineNetworkId;
    await this.make({ id, name, labels: {}, attachable: false, ranges: new Map() }, subnet, {});
    return id as string as NetworkId;
  }

  async networkRm(name: string): Promise<void> {
    const network = this.need(name);
    if (this.placesOn(network.id).length > 0) throw new UserError(`network ${name} has active endpoints`);
    await this.unmake(network.id);
  }

  async networkPrune(): Promise<void> {
    for (const { id } of [...this.here.values()]) if ((await this.users(id)) === 0) await this.unmake(id);
  }

  async run(name: string, on: string, aliases: readonly string[] = []): Promise<string> {
    const id = idOf(++this.made);
    const state = { isRunning: false, isStranded: false, isForgotten: false, trouble: undefined };
    this.containersById.set(id, { id, name, place: undefined, aliases, ...state });
    await this.begin(id, this.need(on));
    return id;
  }

  async stop(name: string): Promise<void> {
    const container = this.containerOf(name);
    const { place } = container;
    container.isRunning = false;
    container.place = undefined;
    if (place === undefined) return;
    const names = { NetworkID: place.network, EndpointID: place.endpoint };
    await this.plugin('NetworkDriver.Leave', names);
    await this.plugin('NetworkDriver.DeleteEndpoint', names);
    await this.plugin('IpamDriver.ReleaseAddress', { PoolID: place.pool, Address: place.address.replace(/\/.*/, '') });
    this.tell({ type: 'network', action: 'disconnect', network: place.network, container: container.id });
    this.tell({ type: 'container', action: 'die', container: container.id });
  }

  async rm(name: string): Promise<void> {
    await this.stop(name);
    const { id } = this.containerOf(name);
    this.containersById.delete(id);
    this.tell({ type: 'container', action: 'destroy', container: id });
  }

  rename(name: string, to: string): void {
    const container = this.containerOf(name);
    container.name = to;
    this.tell({ type: 'container', action: 'rename', container: container.id });
  }

  /** `kill -9 dockerd` and a start: its containers are gone, nobody was told, and who follows its events connects anew. */
  crash(): void {
    for (const container of this.containersById.values()) {
      container.isRunning = false;
      container.place = undefined;
    }
    for (const { onConnect } of this.followers) onConnect();
  }

  /** The store was away as this one was to start: the engine has noted that, and tries no more. */
  strand(name: string, { isForgotten = false, trouble = '' } = {}): void {
    const container = this.containerOf(name);
    Object.assign(container, { isRunning: false, isStranded: true, isForgotten });
    container.trouble = trouble === '' ? undefined : trouble;
  }

  // What our engine port asks.

  async networks(only?: { readonly id: EngineNetworkId } | { readonly name: string }) {
    this.check();
    return [...this.here.values()].filter(
      (n) => only === undefined || ('id' in only ? n.id === only.id : n.name.includes(only.name)),
    );
  }

  async endpoints(network: EngineNetworkId): Promise<ReadonlyMap<EndpointId, ListedEndpoint> | undefined> {
    this.check();
    if (!this.here.has(network)) return undefined;
    const listed = this.placesOn(network).map(({ id, name, place }) => [
      place.endpoint,
      { names: [name, id.slice(0, 12)], container: id },
    ]);
    return new Map(listed as [EndpointId, ListedEndpoint][]);
  }

  async bridges(): Promise<readonly string[]> {
    this.check();
    return ['docker0', 'docker_gwbridge'];
  }

  async createMirror({ id, announced, subnets }: Network): Promise<void> {
    const name = announced?.name ?? '';
    this.ask(`create mirror ${name}`);
    if (this.byName(name) !== undefined) throw new UserError(`this engine has a network ${name} already`);
    const network = { id: idOf(++this.made) as EngineNetworkId, name, labels: {}, attachable: false, mirrorOf: id };
    await this.make({ ...network, ranges: new Map() }, subnets[0]?.pool ?? '', { [OPTION_MIRROR]: id });
  }

  async users(network: EngineNetworkId): Promise<number> {
    this.check();
    return this.placesOn(network).length;
  }

  async removeNetwork(network: EngineNetworkId): Promise<boolean> {
    this.ask(`remove ${this.here.get(network)?.name ?? network}`);
    if (this.placesOn(network).length > 0) return false;
    await this.unmake(network);
    return true;
  }

  async containers() {
    this.check();
    const ids = this.running().map(({ id }) => id);
    return inspectAll(ids, 5_000, (id) => this.container(id));
  }

  // It has no networks of other drivers.

  async named() {
    return new Map();
  }

  async placed() {
    return new Map();
  }

  async inspect() {
    return [];
  }

  async container(id: string): Promise<EngineContainer | undefined> {
    this.check();
    const container = this.containersById.get(id);
    if (container !== undefined && this.hanging.has(container.name)) return new Promise(() => {});
    if (container?.isRunning !== true) return undefined;
    const { name, place, aliases } = container;
    const names = [name, ...aliases, id.slice(0, 12)];
    const attachments =
      place === undefined
        ? []
        : [{ ...place, names, linkLocal: [], lookup: { links: [], priority: 0 }, addresses: [], gateways: 0 }];
    return { id, sandbox: sandboxOf(id), attachments };
  }

  async stranded(): Promise<readonly string[]> {
    this.check();
    return [...this.containersById.values()].flatMap(({ id, isStranded }) => (isStranded ? [id] : []));
  }

  async start(id: string): Promise<'started' | 'reconnected'> {
    const container = this.containersById.get(id);
    this.ask(`start ${container?.name ?? id}`);
    if (container === undefined) return 'started';
    if (container.trouble !== undefined) throw new Error(container.trouble);
    container.isStranded = false;
    container.isRunning = true;
    this.tell({ type: 'container', action: 'start', container: id });
    return container.isForgotten ? 'reconnected' : 'started';
  }

  events(onEvent: (event: EngineEvent) => void, onConnect: () => void, signal: AbortSignal): void {
    const follower = { onEvent, onConnect };
    this.followers.add(follower);
    signal.addEventListener('abort', () => this.followers.delete(follower), { once: true });
    onConnect();
  }

  private async make(network: EngineNetwork, subnet: string, options: Readonly<Record<string, string>>): Promise<void> {
    const space = { AddressSpace: 'tsoverlay' };
    const asked = { ...space, Pool: subnet, SubPool: '', Options: {}, V6: false };
    const { PoolID: pool } = (await this.plugin('IpamDriver.RequestPool', asked)) as { PoolID: string };
    await this.plugin('NetworkDriver.CreateNetwork', {
      NetworkID: network.id,
      Options: { 'com.docker.network.generic': options },
      IPv4Data: [{ ...space, Pool: pool }],
      IPv6Data: [],
    });
    this.here.set(network.id, { ...network, pool });
    this.tell({ type: 'network', action: 'create', network: network.id });
  }

  private async unmake(id: EngineNetworkId): Promise<void> {
    const network = this.here.get(id);
    this.here.delete(id);
    await this.plugin('NetworkDriver.DeleteNetwork', { NetworkID: id });
    await this.plugin('IpamDriver.ReleasePool', { PoolID: network?.pool ?? '' });
    this.tell({ type: 'network', action: 'destroy', network: id });
  }

  private async begin(id: string, { id: network, pool }: { id: EngineNetworkId; pool: string }): Promise<void> {
    const endpoint = idOf(++this.made) as EndpointId;
    const names = { NetworkID: network, EndpointID: endpoint };
    const leased = await this.plugin('IpamDriver.RequestAddress', { PoolID: pool, Address: '', Options: {} });
    const { Address: address } = leased as { Address: string };
    const card = { Address: address, AddressIPv6: '', MacAddress: '' };
    await this.plugin('NetworkDriver.CreateEndpoint', { ...names, Options: {}, Interface: card });
    const container = this.containersById.get(id);
    if (container === undefined) return;
    container.place = { network, endpoint, address, pool };
    await this.plugin('NetworkDriver.Join', { ...names, SandboxKey: sandboxOf(id), Options: {} });
    container.isRunning = true;
    this.tell({ type: 'network', action: 'connect', network, container: id });
    this.tell({ type: 'container', action: 'start', container: id });
  }

  private tell(event: EngineEvent): void {
    for (const { onEvent } of this.followers) onEvent(event);
  }

  private ask(what: string): void {
    this.check();
    this.asked.push(what);
  }

  private check(): void {
    if (this.isDown) throw new Error('connect ECONNREFUSED /var/run/docker.sock');
  }

  private running(): readonly Container[] {
    return [...this.containersById.values()].filter((c) => c.isRunning);
  }

  private placesOn(network: EngineNetworkId): readonly (Container & { place: Place })[] {
    return [...this.containersById.values()].filter(
      (c): c is Container & { place: Place } => c.place?.network === network,
    );
  }

  private byName(name: string) {
    return [...this.here.values()].find((n) => n.name === name);
  }

  private need(name: string) {
    const network = this.byName(name);
    if (network === undefined) throw new UserError(`network ${name} not found`);
    return network;
  }

  private containerOf(name: string): Container {
    const container = [...this.containersById.values()].find((c) => c.name === name);
    if (container === undefined) throw new UserError(`No such container: ${name}`);
    return container;
  }
}

const sandboxOf = (container: string): string => `/var/run/docker/netns/${container.slice(0, 12)}`;
