/** The short way's program at the underlay's device: where it has to be, and what makes it so. Pure. */
import type { NodeAddress } from '../values/types.js';
import type { HostStep } from './host-steps.js';
import { OFF, type Off } from './standing.js';

/** Of this host: what the program is made for. */
export interface UnderlayHook {
  /** Name of the device that has the VTEP. */
  readonly link: string;
  readonly local: NodeAddress;
  /** UDP, of VXLAN. */
  readonly port: number;
}

export interface AcceleratorPlan {
  /** Absent where this host cannot, for now. */
  readonly hook?: UnderlayHook;
}

export interface ObservedAccelerator {
  /** Absent where no device will do. */
  readonly link?: string;
  /** Why nothing may be accelerated, as half a sentence; absent when nothing is against it. */
  readonly hindrance?: string;
  /** What the programs that are hooked were made for, by the names of their devices; empty for another release's. */
  readonly hooked: ReadonlyMap<string, string>;
}

/** What a program is made for, as it stands in its filter's name. */
export const hookMark = ({ local, port }: { readonly local: string; readonly port: number }): string =>
  `${local}:${port}`;

export function acceleratorSteps(wanted: AcceleratorPlan | Off, { hooked }: ObservedAccelerator): readonly HostStep[] {
  const hook = wanted === OFF ? undefined : wanted.hook;
  const others = [...hooked.keys()].filter((link) => link !== hook?.link);
  const steps: HostStep[] = [];
  if (hook !== undefined && hooked.get(hook.link) !== hookMark(hook)) {
    const reason = hooked.has(hook.link) ? 'not as this process makes it' : 'missing';
    steps.push({ kind: 'hookUnderlay', ...hook, reason });
  }
  // Afterwards: what the underlay has moved to is served already.
  for (const link of others) steps.push({ kind: 'unhookUnderlay', link, reason: 'not wanted there', prune: true });
  return steps;
}
