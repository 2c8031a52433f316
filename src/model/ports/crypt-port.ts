/** The edge to the kernel's WireGuard; see ports.ts for the others. */
import type { CryptStep, ObservedCrypt } from '../crypt/steps.js';

export interface CryptKernel {
  /** Whether this kernel has WireGuard; asked again, for one that lacks the module may yet get it. */
  canEncrypt(): Promise<boolean>;
  /** Undefined when there is no mesh. */
  observe(): Promise<ObservedCrypt | undefined>;
  /** Does one step; creating what exists and removing what is gone are successes. Rejects with a KernelError. */
  apply(step: CryptStep): Promise<void>;
}
