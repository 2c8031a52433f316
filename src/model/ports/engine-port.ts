/** The edge to the local engine; its adapter is in `engine/`. */
import type {
  Announcement,
  Cidr,
  EndpointId,
  EngineNetworkId,
  Ip,
  Lookup,
  Network,
  NetworkId,
} from '../values/types.js';

/** A network of driver tsoverlay as the local engine has it. */
export interface EngineNetwork extends Announcement {
  readonly id: EngineNetworkId;
  /** The `tsoverlay.network` option: set on mirrors only. */
  readonly mirrorOf?: NetworkId;
  /** `--ip-range` by subnet: the engine's own IPAM tells the driver nothing of it. */
  readonly ranges: ReadonlyMap<Cidr, Cidr>;
}

/** A running container's place on a network, of ours or of another driver. */
export interface Attachment {
  readonly network: EngineNetworkId;
  readonly endpoint: EndpointId;
  /** DNS names, the container's own first. */
  readonly names: readonly string[];
  /** What the user had put on the card besides. */
  readonly linkLocal: readonly Ip[];
  readonly lookup: Lookup;
  /** As the engine has them; of a network of another driver nobody else knows them. */
  readonly addresses: readonly Cidr[];
  /** Address families in which the network itself is a way out. */
  readonly gateways: number;
}

/** A network of another driver on which the engine gives containers names. */
export interface NamedNetwork {
  readonly name: string;
  readonly internal: boolean;
}

/** What an engine's list of a network tells of an endpoint. */
export interface ListedEndpoint {
  /** Of its container, and the short id where the engine tells the id; aliases are not listed. */
  readonly names: readonly string[];
  /** The container's id; absent where the engine has not tied them together yet. */
  readonly container?: string;
}

export interface EngineContainer {
  readonly id: string;
  readonly sandbox: string;
  readonly attachments: readonly Attachment[];
}

export type EngineEvent =
  /** `network`, actions create, destroy, connect, disconnect. */
  | {
      readonly type: 'network';
      readonly action: string;
      readonly network: EngineNetworkId;
      readonly container?: string;
    }
  /** A network of the engine's own driver `bridge` came or went. */
  | { readonly type: 'bridge' }
  /** A container has come to a network of another driver, or has left it: connect, disconnect. */
  | {
      readonly type: 'foreign';
      readonly action: string;
      readonly network: EngineNetworkId;
      readonly container: string;
    }
  /** `container`, actions start, die, rename, destroy. */
  | { readonly type: 'container'; readonly action: string; readonly container: string };

export interface Engine {
  /** All networks of driver tsoverlay, or those of them that this may be; others too. Takes no engine lock. */
  networks(only?: { readonly id: EngineNetworkId } | { readonly name: string }): Promise<readonly EngineNetwork[]>;
  /** Endpoints of one network (from Join on); undefined when it is gone. No engine lock. */
  endpoints(network: EngineNetworkId): Promise<ReadonlyMap<EndpointId, ListedEndpoint> | undefined>;
  /** Names of the devices of all bridge networks, docker0 and docker_gwbridge among them. Takes no engine lock. */
  bridges(): Promise<readonly string[]>;
  createMirror(network: Network): Promise<void>;
  /** How many containers, running or not, name this network by its id: none of them would find another in its place. */
  users(network: EngineNetworkId): Promise<number>;
  /** False when containers of this engine still use it. Removing what is gone is success. */
  removeNetwork(network: EngineNetworkId): Promise<boolean>;
  /**
   * The running containers that are on a network of ours. Waits for each container's lock a limited time. `silent`: ids of
   * those that it said nothing of, and why; what is attached to them is listed by its network, too.
   */
  containers(): Promise<{ readonly told: readonly EngineContainer[]; readonly silent: ReadonlyMap<string, string> }>;
  /** Networks of other drivers that have names. Takes no engine lock. */
  named(): Promise<ReadonlyMap<EngineNetworkId, NamedNetwork>>;
  /** The endpoints of running containers, by container and network. Takes no engine lock. */
  placed(): Promise<ReadonlyMap<string, ReadonlyMap<EngineNetworkId, EndpointId>>>;
  /** Those of them that run. Waits for each one's lock a limited time, and leaves out the silent ones. */
  inspect(containers: readonly string[]): Promise<readonly EngineContainer[]>;
  /** Waits for the container's lock; undefined when it is gone or does not run. */
  container(id: string): Promise<EngineContainer | undefined>;
  /** Containers on networks of ours that the engine could not start because of us, and will not try again. */
  stranded(): Promise<readonly string[]>;
  /**
   * `docker start`; one that is gone is success. `reconnected`: the engine had forgotten its networks, and it is on the
   * one it was made with again, without an address or aliases of its own.
   */
  start(container: string): Promise<'started' | 'reconnected'>;
  /** Follows the engine's events; `onConnect` runs at each (re)connection, so that the caller compares in full. */
  events(onEvent: (event: EngineEvent) => void, onConnect: () => void, signal: AbortSignal): void;
}
