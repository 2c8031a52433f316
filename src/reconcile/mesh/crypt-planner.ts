/** The WireGuard mesh follows the cluster's nodes and their keys; what is found of it tells whose keys have answered. */
import { isDeepStrictEqual } from 'node:util';
import { UserError } from '../../errors.js';
import { type CryptSelf, cryptPlan, cryptVteps, provenBy, toldPeers } from '../../model/crypt/plan.js';
import { type MeshReport, meshReport } from '../../model/crypt/report.js';
import { isTaken } from '../../model/crypt/rotation.js';
import type { CryptPeer, CryptPlan, ObservedCrypt, ObservedMesh } from '../../model/crypt/steps.js';
import type { HostStep } from '../../model/host/host-steps.js';
import { OFF, type Off } from '../../model/host/standing.js';
import { isEncrypted } from '../../model/plan/underlay.js';
import type { EncryptionSettings } from '../../model/values/settings.js';
import type { Cluster, Ip, NetworkId, NodeCrypt, NodeId, PublicKey } from '../../model/values/types.js';
import type { Tenure } from '../../registry/nodes/tenure.js';
import type { Planner } from '../host-parts/planner.js';
import type { KeyRotation, Keys } from './key-rotation.js';
import { WireguardQuestion } from './wireguard-question.js';

export interface CryptPlannerParts {
  readonly view: { readonly current: Pick<Cluster, 'complete' | 'networks' | 'nodes' | 'unreadable'> };
  /** The networks that this host takes part in. */
  readonly membership: { readonly networks: ReadonlySet<NetworkId> };
  readonly keys: Pick<Keys, 'held' | 'made' | 'own' | 'renew'>;
  readonly rotation: Pick<KeyRotation, 'begin' | 'look' | 'published' | 'triedMs'>;
  readonly self: Pick<CryptSelf, 'address' | 'id'>;
  readonly settings: EncryptionSettings;
  /** Of the underlay, bytes. */
  readonly underlayMtu: () => number;
  readonly tenure: Pick<Tenure, 'prunes' | 'refusal'>;
  /** Whether the kernel has WireGuard; loads the module. */
  readonly hasWireguard: () => Promise<boolean>;
}

export class CryptPlanner implements Planner<'crypt'> {
  private readonly question: WireguardQuestion;
  private vteps: ReadonlyMap<NodeId, Ip> | undefined;
  private crypt: NodeCrypt | undefined;
  /** A mesh is planned. */
  private isUp = false;
  private found: ObservedCrypt | undefined;
  /** Peers with the places that the kernel was told. Not what was only planned, for that may have failed. */
  private placed: readonly CryptPeer[] = [];
  private tellKeys: () => void = () => {};
  private tellVteps: () => void = () => {};
  private news: () => void = () => {};

  constructor(private readonly parts: CryptPlannerParts) {
    this.question = new WireguardQuestion(parts.hasWireguard);
    this.question.onAnswer(() => this.news());
    // What an earlier process has told: the others send to these keys.
    if (parts.keys.held.length > 0) this.crypt = this.published();
  }

  /** Where the other hosts take VXLAN inside; the same map while nothing of it changes. Undefined before the first look. */
  get meshVteps(): ReadonlyMap<NodeId, Ip> | undefined {
    return this.vteps;
  }

  /** What is to be published of this host's keys; undefined: it cannot encrypt, or never had to. */
  get told(): NodeCrypt | undefined {
    return this.crypt;
  }

  /** Told when that has changed. */
  onKeys(listener: () => void): void {
    this.tellKeys = listener;
  }

  /** Told when the others take VXLAN at other addresses of the mesh than before. */
  onVteps(listener: () => void): void {
    this.tellVteps = listener;
  }

  /** Undefined while there is nothing to do: it is looked again, for keys get old and kernels get modules. */
  plan({ isPossible, mesh: found }: ObservedMesh): CryptPlan | Off | undefined {
    const { tenure, settings } = this.parts;
    this.found = found;
    const isWanted = this.isWanted(found !== undefined);
    if (!isPossible && (isWanted || settings.mode !== 'off')) return this.without();
    // Its devices would be another host's.
    if (tenure.refusal !== undefined) return undefined;
    if (!isWanted) {
      this.isUp = false;
      this.follow(new Map());
      return found === undefined || tenure.prunes ? OFF : undefined;
    }
    return this.planned(found);
  }

  tried(plan: CryptPlan | Off, undone: readonly HostStep[]): void {
    const unplaced = undone.filter((step) => step.kind === 'putPeers');
    this.placed = plan === OFF ? [] : toldPeers(plan, unplaced, this.placed);
  }

  /** A new key takes the place of the one in use, without anybody's agreement. Throws a UserError while none is in use. */
  rotate(): PublicKey {
    const { keys, rotation } = this.parts;
    const [first] = keys.held;
    if (!this.isUp || first === undefined)
      throw new UserError('this host has no key in use, for there is no encrypted network');
    if (!rotation.begin())
      throw new UserError(
        `the key ${first.key} is being replaced already; it waits for ${this.report().waiting.join(', ') || 'traffic to end'}`,
      );
    this.news();
    return keys.held.at(-1)?.key ?? first.key;
  }

  /** For people. */
  report(): MeshReport {
    const { view, keys, rotation, settings } = this.parts;
    const { mode, rotationMs } = settings;
    const facts = { mode, rotationMs, made: keys.made, isUp: this.isUp, triedMs: rotation.triedMs };
    return meshReport([...view.current.nodes.values()], this.self(), this.found, facts);
  }

  onNews(listener: () => void): void {
    this.news = listener;
  }

  refresh(): void {}

  stop(): void {}

  private planned(found: ObservedCrypt | undefined): CryptPlan {
    const { view, keys, rotation, tenure } = this.parts;
    const nodes = [...view.current.nodes.values()];
    // The first question makes the key.
    if (isTaken(nodes, { ...this.self(), keys: keys.own })) keys.renew();
    const proven = provenBy(found);
    // Who is not known yet may need the old key.
    if (tenure.prunes) rotation.look(nodes, this.self(), found, proven);
    this.publish(this.published());
    const self = this.self();
    const known = { told: this.placed, ...(found === undefined ? {} : { found }) };
    this.isUp = true;
    this.follow(cryptVteps(nodes, self, proven));
    return cryptPlan(nodes, self, proven, { ...known, now: Date.now(), prunes: tenure.prunes });
  }

  /** Throws a UserError where this host itself needs what its kernel lacks. */
  private without(): undefined {
    const { settings, membership, view } = this.parts;
    const uses = [...view.current.networks.values()].some(
      ({ id, options }) => membership.networks.has(id) && isEncrypted(options),
    );
    const isNeeded = uses || settings.mode !== 'off';
    if (!this.question.isDenied(isNeeded)) return undefined;
    this.isUp = false;
    this.publish(undefined);
    this.follow(new Map());
    if (isNeeded)
      throw new UserError(
        `this host's kernel has no WireGuard (module wireguard, Linux 5.6 or newer), which ${uses ? 'an encrypted network with containers here' : `ENCRYPTION=${settings.mode}`} needs; load it`,
      );
    return undefined;
  }

  private self(): CryptSelf {
    const { self, settings, underlayMtu, keys } = this.parts;
    return { ...self, keepalive: settings.keepalive, mtu: underlayMtu(), keys: keys.held };
  }

  /** While any network is encrypted. One whose record cannot be read may be, so what there is stays. */
  private isWanted(isThere: boolean): boolean {
    const { networks, unreadable, complete } = this.parts.view.current;
    if ([...networks.values()].some((network) => isEncrypted(network.options))) return true;
    return isThere && (unreadable.size > 0 || !complete);
  }

  private published(): NodeCrypt {
    const { settings, rotation } = this.parts;
    const { endpoint, port: first } = settings;
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
    this.tellKeys();
  }

  private follow(vteps: ReadonlyMap<NodeId, Ip>): void {
    if (isDeepStrictEqual(vteps, this.vteps)) return;
    this.vteps = vteps;
    this.tellVteps();
  }
}
