/** Keeps the WireGuard mesh that encrypts in step with the cluster's nodes: observe → plan → diff → apply. */
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import { messageOf } from '../../errors.js';
import { cryptDiff } from '../../model/crypt/diff.js';
import { type CryptSelf, cryptPlan, cryptVteps, provenBy } from '../../model/crypt/plan.js';
import { isTaken } from '../../model/crypt/rotation.js';
import type { CryptPlan, CryptStep, ObservedCrypt } from '../../model/crypt/steps.js';
import { isEncrypted } from '../../model/plan/encryption.js';
import type { CryptKernel } from '../../model/ports/crypt-port.js';
import type { Cluster, Ip, NetworkId, NodeAddress, NodeCrypt, NodeId } from '../../model/values/types.js';
import type { Tenure } from '../../registry/nodes/tenure.js';
import { Loop } from '../loop/loop.js';
import type { Keys, Rotation } from './rotation.js';

/** The kernel tells nobody of a device's peers: it is looked at so often, ms. */
const LOOK_MS = 2_000;

export interface MeshPassParts {
  readonly kernel: CryptKernel;
  readonly view: { readonly current: Cluster };
  readonly keys: Pick<Keys, 'own' | 'renew'>;
  readonly rotation: Pick<Rotation, 'look' | 'published'>;
  readonly self: Pick<CryptSelf, 'address' | 'id' | 'keepalive'>;
  /** Where the others reach this host, if not at its address; `port`: what stands there for the first of its ports. */
  readonly endpoint?: { readonly address: NodeAddress; readonly port?: number };
  /** The first of the two UDP ports of this host. */
  readonly port: number;
  /** Of the underlay, bytes. */
  readonly underlayMtu: () => number;
  readonly tenure: Pick<Tenure, 'prunes' | 'refusal'>;
  /** Told when what is to be published of this host's keys has changed; undefined: it cannot encrypt. */
  readonly onKeys: (crypt: NodeCrypt | undefined) => void;
  /** Told when others take VXLAN at other addresses of the mesh than before, with the networks that it concerns. */
  readonly onVteps: (networks: readonly NetworkId[]) => void;
  readonly log: Pick<Logger, 'debug' | 'warn'>;
}

export class MeshPass {
  private readonly loop: Loop<'mesh'>;
  private vteps: ReadonlyMap<NodeId, Ip> = new Map();
  private published: NodeCrypt | undefined;
  private before: CryptPlan | undefined;

  constructor(private readonly parts: MeshPassParts) {
    this.loop = new Loop(() => this.pass(), {
      resyncMs: LOOK_MS,
      onError: (_, e) => parts.log.warn({ err: messageOf(e) }, 'the mesh that encrypts could not be made right'),
      describe: () => 'the mesh that encrypts',
    });
  }

  /** Where the other hosts take VXLAN inside; the same map while nothing of it changes. */
  get meshVteps(): ReadonlyMap<NodeId, Ip> {
    return this.vteps;
  }

  kick(): void {
    this.loop.kick('mesh');
  }

  /** Resolves once a pass that began now has made it right. Rejects with a DeadlineError. */
  settled(deadlineMs: number): Promise<void> {
    return this.loop.settled('mesh', deadlineMs);
  }

  stop(): void {
    this.loop.stop();
  }

  private async pass(): Promise<boolean> {
    const { kernel, view, tenure, keys, rotation } = this.parts;
    if (!(await kernel.canEncrypt())) {
      this.publish(undefined);
      return true;
    }
    const nodes = [...view.current.nodes.values()];
    if (isTaken(nodes, this.self())) keys.renew();
    const found = await kernel.observe();
    const proven = provenBy(found);
    rotation.look(nodes, this.self(), found, proven);
    const self = this.self();
    this.publish(this.crypt());
    // Its devices would be another host's.
    if (tenure.refusal !== undefined) return true;
    const wanted = this.isWanted(found) ? cryptPlan(nodes, self, proven) : undefined;
    await this.make(wanted, found);
    this.tell(wanted === undefined ? new Map() : cryptVteps(nodes, self, proven));
    return true;
  }

  private self(): CryptSelf {
    return { ...this.parts.self, mtu: this.parts.underlayMtu(), keys: this.parts.keys.own };
  }

  /** While any network is encrypted. One whose record cannot be read may be, so what there is stays. */
  private isWanted(found: ObservedCrypt | undefined): boolean {
    const { networks, unreadable, complete } = this.parts.view.current;
    if ([...networks.values()].some((network) => isEncrypted(network.options))) return true;
    return found !== undefined && (unreadable.size > 0 || !complete);
  }

  private async make(wanted: CryptPlan | undefined, found: ObservedCrypt | undefined): Promise<void> {
    const { kernel, tenure, log } = this.parts;
    const { before } = this;
    const moment = { now: Date.now(), ...(before === undefined ? {} : { before }) };
    const steps = cryptDiff(wanted, found, moment).filter((step) => tenure.prunes || step.prune !== true);
    const broken = new Set(before === undefined ? [] : cryptDiff(before, found, moment).map((step) => step.kind));
    for (const step of steps) {
      log.debug({ step }, 'kernel step');
      await kernel.apply(step);
      if (broken.has(step.kind)) log.warn(summary(step), `repaired the mesh that encrypts: ${step.kind}`);
    }
    this.before = wanted;
  }

  private crypt(): NodeCrypt {
    const { endpoint, port: first } = this.parts;
    // What stands before a host hands on both ports, in a row.
    const shift = (endpoint?.port ?? first) - first;
    return {
      ...(endpoint === undefined ? {} : { endpoint: endpoint.address }),
      keys: this.parts.rotation.published.map(({ key, port }) => ({ key, port: port + shift })),
    };
  }

  private publish(crypt: NodeCrypt | undefined): void {
    if (isDeepStrictEqual(crypt, this.published)) return;
    this.published = crypt;
    this.parts.onKeys(crypt);
  }

  private tell(vteps: ReadonlyMap<NodeId, Ip>): void {
    if (isDeepStrictEqual(vteps, this.vteps)) return;
    this.vteps = vteps;
    const { networks } = this.parts.view.current;
    this.parts.onVteps([...networks.values()].filter((n) => isEncrypted(n.options)).map((n) => n.id));
  }
}

/** Peers are many. */
const summary = ({ kind, reason, ...rest }: CryptStep): object => ({
  ...{ kind, reason },
  ...('link' in rest ? { link: rest.link } : {}),
});
