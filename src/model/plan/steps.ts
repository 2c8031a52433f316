/**
 * The steps that make a network's namespace as it should be: what each kind is told, by name. Its executor is in
 * `kernel/networks/executors.ts`, and the compiler misses none. The host's own are in `host-steps.ts`.
 */
import type { Cidr, Ip, Mac, NamespaceName, NodeAddress } from '../values/types.js';
import type { AccelerationPlan, CardPlan, Sender, UplinkPlan } from './namespace-plan.js';

interface OfLink {
  readonly link: string;
}

interface OfAddress extends OfLink {
  readonly address: Cidr;
}

interface OfNeighbour extends OfLink {
  readonly ip: Ip;
  readonly mac: Mac;
}

interface OfFdb extends OfLink {
  readonly mac: Mac;
  /** Of a node, or whatever address somebody else has put there. */
  readonly vtep: string;
}

interface OfStatic extends OfLink {
  readonly mac: Mac;
}

/** No arguments beside the namespace. */
type Nothing = Readonly<Record<never, never>>;

/** Kind of step to its arguments. */
export interface StepArgs {
  createNamespace: Nothing;
  removeNamespace: Nothing;
  /** `name` as a path below /proc/sys. */
  setSysctl: { readonly name: string; readonly value: number };
  /** Back on the file that somebody unmounted. */
  mountNamespace: Nothing;
  /** alias carries the network's id. */
  createBridge: OfLink & { readonly mtu: number; readonly alias: string; readonly mac: Mac };
  /** Made in the namespace with its socket on the underlay, or without `local` in the mesh; enslaved to `master`, up. */
  createVxlan: OfLink & {
    readonly vni: number;
    readonly mtu: number;
    readonly local?: NodeAddress;
    /** UDP. */
    readonly port: number;
    readonly master: string;
    readonly flooding?: { readonly gateways: readonly Ip[] };
  };
  /**
   * One end stays (as `link`, a port of `master`, alias = endpoint id, up), the other waits in the host's namespace,
   * or becomes a container's card. With a sender, its filter stands before the first frame.
   */
  createPort: OfLink & {
    readonly containerEnd: string;
    readonly mtu: number;
    readonly master: string;
    readonly alias: string;
    readonly card?: CardPlan;
    readonly sender?: Sender;
  };
  removeLink: OfLink;
  /** What keeps gateways at home, of a VXLAN device that floods. */
  replaceFence: OfLink & { readonly gateways: readonly Ip[] };
  setMtu: OfLink & { readonly mtu: number };
  setMac: OfLink & { readonly mac: Mac };
  setUp: OfLink;
  setMaster: OfLink & { readonly master: string };
  /** A port learns no more, forgets what it learned, and gets nothing for unknown MACs. */
  setPort: OfLink;
  /** So does a VXLAN device itself. */
  stopLearning: OfLink;
  stopSnooping: OfLink;
  addAddress: OfAddress;
  removeAddress: OfAddress;
  replaceNeighbour: OfNeighbour;
  removeNeighbour: OfNeighbour;
  replaceFdb: OfFdb;
  removeFdb: OfFdb;
  replaceStatic: OfStatic;
  removeStatic: OfStatic;
  /** The pair, its address and route, its other end on docker_gwbridge, and what it lets through. */
  ensureUplink: UplinkPlan;
  /** A filter that stands goes on without a gap. */
  replaceFilter: OfLink & { readonly sender: Sender };
  removeFilter: OfLink;
  /** The pair to the host's namespace, with its programs; what is there of it stays as far as it will do. */
  createLane: { readonly plan: AccelerationPlan };
  /** Takes the programs of the ports along. */
  removeLane: Nothing;
  /** A program that is there is replaced at one moment. */
  hookPort: OfLink & { readonly plan: AccelerationPlan };
  /** `at`: the name of a port, or a VTEP. */
  replaceWay: { readonly mac: Mac; readonly at: string };
  removeWay: { readonly mac: Mac };
}

export type StepKind = keyof StepArgs;

/** What every step has, whatever it acts on. */
export interface StepBase {
  /** Why it is needed, for the log. */
  readonly reason: string;
  /** It takes away what nobody wants any more: only under a wish that came from the store itself. */
  readonly prune?: true;
  /** When it fails, the others that are apart are done all the same; what is not has all before it done. */
  readonly apart?: true;
}

/** One step of a map like {@link StepArgs}: of any of its kinds, or of those named. */
export type StepFrom<Args, K extends keyof Args = keyof Args> = {
  [P in K]: StepBase & { readonly kind: P } & Args[P];
}[K];

/** A step that does not know its namespace yet. */
export type Draft<K extends StepKind = StepKind> = StepFrom<StepArgs, K>;

export type Step<K extends StepKind = StepKind> = {
  /** `ns`: the namespace it happens in. */
  [P in K]: StepFrom<StepArgs, P> & { readonly ns: NamespaceName };
}[K];

/** Not by `{ ...draft, ns }`: V8 (of node 20) makes a hidden class for each of these by itself, and there are thousands. */
export const stepIn = (ns: NamespaceName, draft: Draft): Step => Object.assign({}, draft, { ns });
