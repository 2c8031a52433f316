/** The edge to the kernel's WireGuard; see ports.ts for the others. */
import type { CryptStep, ObservedCrypt } from '../crypt/steps.js';
import type { Cidr } from '../values/types.js';

export interface CryptKernel {
  /** Whether this kernel has WireGuard; asked again, for one that lacks the module may yet get it. */
  canEncrypt(): Promise<boolean>;
  /** Undefined when there is no mesh. */
  observe(): Promise<ObservedCrypt | undefined>;
  /** Does one step; creating what exists and removing what is gone are successes. Rejects with a KernelError. */
  apply(step: CryptStep): Promise<void>;
}

/** Keeps what is meant for encrypted networks from leaving by another way than their own. Each throws a KernelError. */
export interface Fence {
  /** Nothing is forwarded to these subnets. */
  ensure(subnets: readonly Cidr[]): void;
  /** Whether what `ensure` made is still there. */
  stands(): boolean;
  /** Gone already is success. */
  remove(): void;
  close(): void;
}
