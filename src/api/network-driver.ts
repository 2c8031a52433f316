/** The NetworkDriver's verbs: a few lines each, the work is the registry's and the host pass's. */

import type { Sandboxes } from '../dns/serving/sandboxes.js';
import { UserError } from '../errors.js';
import { segmentsOf } from '../model/plan/layout.js';
import type { Route } from '../model/plan/namespace-plan.js';
import { staticRoutes, wayOut } from '../model/plan/ports.js';
import { ipOf } from '../model/values/address.js';
import { containerEnd } from '../model/values/names.js';
import type { Cidr, Endpoint, EndpointId, Ip, Network, NetworkId } from '../model/values/types.js';
import type { ContainerPass } from '../reconcile/engine/container-pass.js';
import type { HostPass } from '../reconcile/host/host-pass.js';
import type { Underway } from '../registry/changes/underway.js';
import type { Endpoints } from '../registry/endpoints/endpoints.js';
import type { Macs } from '../registry/endpoints/macs.js';
import type { LocalEndpoints } from '../registry/local/local-endpoints.js';
import type { Networks } from '../registry/networks/networks.js';
import type { Drain } from '../registry/nodes/drain.js';
import type { HostMemory } from '../store/data-dir/host-memory.js';
import type { Antispoof } from './antispoof.js';
import type { Encryption } from './encryption.js';
import { checkEndpointOptions, checkPorts } from './endpoint-options.js';
import { readNetworkOptions } from './network-options.js';
import { hostCidr, wantedNetwork } from './network-request.js';
import type {
  CreateEndpointRequest,
  CreateNetworkRequest,
  EndpointRequest,
  JoinRequest,
  NetworkRequest,
} from './protocol.js';
import { dictionary } from './protocol.js';

/** How long CreateEndpoint waits for the news of its own endpoint and for the kernel, ms. */
const KERNEL_DEADLINE_MS = 10_000;
/** How long Join waits for the resolver, whose namespace nobody tells us of before, ms. It comes by itself later. */
const RESOLVER_DEADLINE_MS = 3_000;
const GENERIC = 'com.docker.network.generic';

/** RouteType of a route with a next hop (moby `libnetwork/types`). */
const NEXTHOP = 0;

export interface NetworkDriverParts {
  readonly networks: Pick<Networks, 'create' | 'known' | 'remove' | 'standing'>;
  readonly endpoints: Endpoints;
  readonly local: Pick<LocalEndpoints, 'expect' | 'join' | 'leave' | 'remove'>;
  readonly memory: Pick<HostMemory, 'clusterIdOf' | 'forgetMirror' | 'isMirror' | 'rememberMirror'>;
  readonly drain: Pick<Drain, 'assert'>;
  readonly host: Pick<HostPass, 'disturb' | 'kick' | 'settled'>;
  readonly containers: Pick<ContainerPass, 'joined'>;
  readonly sandboxes: Pick<Sandboxes, 'serve' | 'sync'>;
  readonly macs: Pick<Macs, 'check' | 'choose' | 'confirm'>;
  readonly antispoof: Pick<Antispoof, 'check' | 'resolve'>;
  readonly encryption: Pick<Encryption, 'checkAttachment' | 'checkCreation' | 'resolve'>;
  readonly underway: Pick<Underway, 'isReplaced'>;
  readonly onRemoval: (text: string) => void;
}

/** Where a container sends what is for other subnets of its network, and for the outside where that is the network's. */
interface Ways {
  readonly routes: readonly Route[];
  readonly gateway?: Ip;
}

function waysOf(network: Network, addresses: readonly Cidr[]): Ways {
  const gateway = wayOut(network, addresses);
  return { routes: staticRoutes(network, addresses), ...(gateway !== undefined && { gateway }) };
}

export class NetworkDriver {
  /** Endpoints that wait for Join, with their ways. */
  private readonly prepared = new Map<EndpointId, Ways>();

  constructor(private readonly parts: NetworkDriverParts) {}

  async createNetwork(request: CreateNetworkRequest): Promise<object> {
    const options = readNetworkOptions(dictionary.parse(request.Options[GENERIC]));
    if (options.mirrorOf !== undefined) {
      await this.parts.networks.standing(options.mirrorOf, 'view');
      this.parts.memory.rememberMirror(request.NetworkID, options.mirrorOf);
      return {};
    }
    const wanted = wantedNetwork(request, options, this.parts);
    await this.parts.antispoof.check(wanted.options);
    await this.parts.encryption.checkCreation(wanted.options);
    await this.parts.networks.create(wanted);
    return {};
  }

  async deleteNetwork({ NetworkID }: NetworkRequest): Promise<object> {
    const id = this.parts.memory.clusterIdOf(NetworkID);
    if (this.parts.underway.isReplaced(id)) return {};
    const removal = await this.parts.networks.remove(id);
    this.parts.memory.forgetMirror(NetworkID);
    if (!removal.removed)
      this.parts.onRemoval(
        `network ${id.slice(0, 12)} stays: containers on ${removal.users.join(', ')} use it; it comes back here`,
      );
    return {};
  }

  async createEndpoint(request: CreateEndpointRequest): Promise<object> {
    this.parts.drain.assert();
    const { Address, AddressIPv6, MacAddress } = request.Interface;
    const addresses = [Address, AddressIPv6].filter((a) => a !== '').map(hostCidr);
    const first = addresses[0];
    if (first === undefined) throw new UserError('an endpoint of a tsoverlay network needs an IP address');
    checkEndpointOptions(request.Options);
    const network = this.parts.memory.clusterIdOf(request.NetworkID);
    this.parts.host.disturb(network);
    const mac = MacAddress === '' ? this.parts.macs.choose(network, ipOf(first), request.EndpointID) : MacAddress;
    if (MacAddress !== '') await this.parts.macs.check(network, MacAddress, request.EndpointID);
    const leased = await this.isLeased(request.NetworkID);
    const standing = await this.parts.networks.standing(network, 'view');
    this.assertOneSegment(standing, addresses);
    checkPorts(request.Options, standing);
    await this.parts.antispoof.check(standing.options);
    await this.parts.encryption.checkAttachment(standing);
    await this.parts.endpoints.create({ id: request.EndpointID, network, addresses, mac, leased });
    try {
      if (MacAddress !== '') await this.parts.macs.confirm(network, MacAddress, request.EndpointID);
      await this.prepare(network, request.EndpointID);
    } catch (e) {
      // To the engine it never was: nobody will ask us to remove it.
      await this.parts.endpoints
        .remove(network, request.EndpointID, !leased)
        .catch(() => this.parts.local.remove(request.EndpointID));
      throw e;
    }
    this.prepared.set(request.EndpointID, waysOf(standing, addresses));
    // Repeating what the request carried is an error to the engine, even when equal (design, fact 7).
    return { Interface: MacAddress === '' ? { MacAddress: mac } : {} };
  }

  /** Only answers: an engine of version 29 forgets all networks of a container whose Join fails. */
  async join({ NetworkID, EndpointID, SandboxKey }: JoinRequest): Promise<object> {
    const network = this.parts.memory.clusterIdOf(NetworkID);
    const { routes, gateway } = this.prepared.get(EndpointID) ?? (await this.prepareAgain(network, EndpointID));
    this.parts.local.join(EndpointID, SandboxKey);
    await this.parts.sandboxes.serve(SandboxKey, RESOLVER_DEADLINE_MS);
    // Not before: its look at the devices would take the time of what the engine waits for.
    this.parts.host.kick(network);
    // Not awaited: the engine holds the container's lock until we answer.
    void this.parts.containers.joined(NetworkID, EndpointID);
    return {
      InterfaceName: { SrcName: containerEnd(EndpointID), DstPrefix: 'eth' },
      // With one the engine gives the container no card on docker_gwbridge.
      ...(gateway === undefined ? {} : { Gateway: gateway }),
      StaticRoutes: routes.map(({ to, via }) => ({ Destination: to, RouteType: NEXTHOP, NextHop: via })),
    };
  }

  async leave({ EndpointID }: EndpointRequest): Promise<object> {
    this.parts.local.leave(EndpointID);
    this.parts.sandboxes.sync();
    return {};
  }

  async deleteEndpoint({ NetworkID, EndpointID }: EndpointRequest): Promise<object> {
    const network = this.parts.memory.clusterIdOf(NetworkID);
    this.prepared.delete(EndpointID);
    this.parts.host.disturb(network);
    await this.parts.endpoints.remove(network, EndpointID, !(await this.isLeased(NetworkID)));
    return {};
  }

  /** The link and all that it needs: Join finds it made. */
  private async prepare(network: NetworkId, id: EndpointId): Promise<Endpoint> {
    const endpoint = await this.parts.endpoints.awaitSeen(network, id, KERNEL_DEADLINE_MS);
    this.parts.local.expect(id);
    await this.parts.host.settled(network, KERNEL_DEADLINE_MS);
    return endpoint;
  }

  /** For one that was created before a restart of ours. */
  private async prepareAgain(id: NetworkId, endpoint: EndpointId): Promise<Ways> {
    const { addresses } = await this.prepare(id, endpoint);
    const network = await this.parts.networks.known(id);
    return network === undefined ? { routes: [] } : waysOf(network, addresses);
  }

  /** An endpoint has one card, and that is in one segment. */
  private assertOneSegment(network: Network, addresses: readonly Cidr[]): void {
    if (segmentsOf(network, addresses).length > 1)
      throw new UserError(
        `addresses ${addresses.map(ipOf).join(' and ')} belong to different segments of the network; name an --ip and an --ip6 of subnets that stand side by side`,
      );
  }

  /** False only on the host that created the network with its engine's own IPAM. */
  private async isLeased(id: CreateNetworkRequest['NetworkID']): Promise<boolean> {
    if (this.parts.memory.isMirror(id)) return true;
    const network = await this.parts.networks.known(this.parts.memory.clusterIdOf(id));
    return network?.ipam !== 'engine';
  }
}
