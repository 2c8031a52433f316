/**
 * The steps that make the host's own things as they should be, as `plan/steps.ts` has those of networks. Executors are in
 * `kernel/host-parts/executors.ts`, and the engine's beside whoever asks it.
 */
import type { CryptStepArgs } from '../crypt/steps.js';
import type { StepFrom } from '../plan/steps.js';
import type { Cidr, Ip, Mac, NodeAddress } from '../values/types.js';

type Nothing = Readonly<Record<never, never>>;

/** Kind of step to its arguments. */
export interface KernelHostStepArgs extends CryptStepArgs {
  /** As a whole, at one moment; its chains go on counting. */
  replaceVxlanGuard: { readonly nodes: readonly string[]; readonly vnis: readonly number[] };
  /** One that stands, by what differs alone, at one moment. */
  changeVxlanGuard: { readonly nodes: Difference<string>; readonly vnis: Difference<number> };
  removeVxlanGuard: Nothing;
  /** As a whole, at one moment for each IP family. */
  replaceConsulGuard: { readonly interfaces: readonly string[]; readonly servers: readonly ServerAddress[] };
  removeConsulGuard: Nothing;
  /** As a whole, at one moment for each IP family. */
  replaceEncryptionFence: { readonly subnets: readonly Cidr[] };
  removeEncryptionFence: Nothing;
  createGwbridge: { readonly mtu: number; readonly mac: Mac };
  addGwbridgeAddress: { readonly address: Cidr };
  removeGwbridgeAddress: { readonly address: Cidr };
  replaceUplinkRules: Nothing;
  removeUplinkRules: Nothing;
  /** `port`: index of a link. */
  enslaveToGwbridge: { readonly port: number };
  /** `was`: its MTU. */
  fitGwbridge: { readonly mtu: number; readonly was: number };
  /** At the ingress of the device; one that is there is replaced at one moment. */
  hookUnderlay: { readonly link: string; readonly local: NodeAddress; readonly port: number };
  unhookUnderlay: { readonly link: string };
  /** Its namespace, too; what stands there goes. `mtu` in bytes, `port` UDP. */
  createProbe: { readonly address: NodeAddress; readonly mtu: number; readonly port: number };
  removeProbe: Nothing;
  openProbe: { readonly peers: readonly NodeAddress[] };
  /** Whatever addresses somebody has put there. */
  closeProbe: { readonly peers: readonly Ip[] };
  /** `name` as a path, e.g. `net/ipv4/ip_forward`; `was`: its value. */
  raiseSysctl: { readonly name: string; readonly value: number; readonly was: number };
}

export interface HostStepArgs extends KernelHostStepArgs {
  /** The engine makes it, in its own time; without a subnet with one of its own choice. */
  requestGwbridge: { readonly subnet?: Cidr };
}

/** Where Consul answers. */
export interface ServerAddress {
  readonly address: Ip;
  readonly port: number;
}

export interface Difference<T> {
  readonly come: readonly T[];
  readonly gone: readonly T[];
}

export type KernelHostStep<K extends keyof KernelHostStepArgs = keyof KernelHostStepArgs> = StepFrom<
  KernelHostStepArgs,
  K
>;
export type HostStepKind = keyof HostStepArgs;
export type HostStep<K extends HostStepKind = HostStepKind> = StepFrom<HostStepArgs, K>;
