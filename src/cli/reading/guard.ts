/** The guard of VXLAN's port on the host that this runs on, as the kernel has it. */
import { messageOf } from '../../errors.js';
import { VxlanGuard } from '../../kernel/rules/vxlan-guard.js';
import type { GuardDrops } from '../../model/host/vxlan-guard.js';
import { familyOf } from '../../model/values/address.js';
import type { Desk } from '../frame/desk.js';

export interface GuardLook {
  /** Undefined where there is no guard, or it cannot be seen. */
  readonly drops: GuardDrops | undefined;
  /** Why it cannot be seen. */
  readonly hidden?: string;
}

export function lookAtGuard({ settings: { advertise, vxlanPort } }: Desk): GuardLook {
  const guard = new VxlanGuard(familyOf(advertise), 'off', vxlanPort);
  try {
    return { drops: guard.drops() };
  } catch (e) {
    return { drops: undefined, hidden: messageOf(e) };
  } finally {
    guard.close();
  }
}
