/** The WireGuard mesh follows the cluster's nodes and their keys; what is found of it tells whose keys have answered. */
import { isDeepStrictEqual } from 'node:util';
import { type CryptSelf, cryptPlan, cryptVteps, provenBy } from '../../model/crypt/plan.js';
import { isTaken } from '../../model/crypt/rotation.js';
import type { CryptPlan, ObservedMesh } from '../../model/crypt/steps.js';
import { OFF, type Off } from '../../model/host/standing.js';
import { isEncrypted } from '../../model/plan/encryption.js';
import type { Cluster, Ip, NodeAddress, NodeCrypt, NodeId } from '../../model/values/types.js';
import type { Tenure } from '../../registry/nodes/tenure.js';
import type { KeyRotation, Keys } from './key-rotation.js';
import type { Planner } from './planner.js';

export interface CryptPlannerParts {
  readonly view: { readonly current: Pick<Cluster, 'complete' | 'networks' | 'nodes' | 'unreadable'> };
  readonly keys: Pick<Keys, 'own' | 'renew'>;
  readonly rotation: Pick<KeyRotation, 'look' | 'published'>;
  readonly self: Pick<CryptSelf, 'address' | 'id' | 'keepalive'>;
  /** Where the others reach this host, if not at its address; `port`: what stands there for the first of its ports. */
  readonly endpoint?: { readonly address: NodeAddress; readonly port?: number };
  /** The first of the two UDP ports of this host. */
  readonly port: number;
  /** Of the underlay, bytes. */
  readonly underlayMtu: () => number;
  readonly tenure: Pick<Tenure, 'prunes' | 'refusal'>;
}

export class CryptPlanner implements Planner<'crypt'> {
  private vteps: ReadonlyMap<NodeId, Ip> = new Map();
  private crypt: NodeCrypt | undefined;
  private before: CryptPlan | undefined;
  private tellKeys: (crypt: NodeCrypt | undefined) => void = () => {};
  private tellVteps: () => void = () => {};

  constructor(private readonly parts: CryptPlannerParts) {}

  /** Where the other hosts take VXLAN inside; the same map while nothing of it changes. */
  get meshVteps(): ReadonlyMap<NodeId, Ip> {
    return this.vteps;
  }

  /** Told what is to be published of this host's keys when that has changed; undefined: it cannot encrypt. */
  onKeys(listener: (crypt: NodeCrypt | undefined) => void): void {
    this.tellKeys = listener;
  }

  /** Told when the others take VXLAN at other addresses of the mesh than before. */
  onVteps(listener: () => void): void {
    this.tellVteps = listener;
  }

  /** Undefined while there is nothing to do: it is looked again, for keys get old and kernels get modules. */
  plan({ isPossible, mesh: found }: ObservedMesh): CryptPlan | Off | undefined {
    const { view, tenure, keys, rotation } = this.parts;
    if (!isPossible) {
      this.publish(undefined);
      return undefined;
    }
    const nodes = [...view.current.nodes.values()];
    if (isTaken(nodes, this.self())) keys.renew();
    const proven = provenBy(found);
    rotation.look(nodes, this.self(), found, proven);
    this.publish(this.published());
    // Its devices would be another host's.
    if (tenure.refusal !== undefined) return undefined;
    if (!this.isWanted(found !== undefined)) {
      this.before = undefined;
      this.follow(new Map());
      return found !== undefined && tenure.prunes ? OFF : undefined;
    }
    const self = this.self();
    const { before } = this;
    const known = { ...(before === undefined ? {} : { before }), ...(found === undefined ? {} : { found }) };
    this.before = cryptPlan(nodes, self, proven, { ...known, now: Date.now(), prunes: tenure.prunes });
    this.follow(cryptVteps(nodes, self, proven));
    return this.before;
  }

  onNews(): void {}

  refresh(): void {}

  stop(): void {}

  private self(): CryptSelf {
    return { ...this.parts.self, mtu: this.parts.underlayMtu(), keys: this.parts.keys.own };
  }

  /** While any network is encrypted. One whose record cannot be read may be, so what there is stays. */
  private isWanted(isThere: boolean): boolean {
    const { networks, unreadable, complete } = this.parts.view.current;
    if ([...networks.values()].some((network) => isEncrypted(network.options))) return true;
    return isThere && (unreadable.size > 0 || !complete);
  }

  private published(): NodeCrypt {
    const { endpoint, port: first, rotation } = this.parts;
    // What stands before a host hands on both ports, in a row.
    const shift = (endpoint?.port ?? first) - first;
    return {
      ...(endpoint === undefined ? {} : { endpoint: endpoint.address }),
      keys: rotation.published.map(({ key, port }) => ({ key, port: port + shift })),
    };
  }

  private publish(crypt: NodeCrypt | undefined): void {
    if (isDeepStrictEqual(crypt, this.crypt)) return;
    this.crypt = crypt;
    this.tellKeys(crypt);
  }

  private follow(vteps: ReadonlyMap<NodeId, Ip>): void {
    if (isDeepStrictEqual(vteps, this.vteps)) return;
    this.vteps = vteps;
    this.tellVteps();
  }
}
