/** The guards as the pass makes them: looked at, compared, changed by steps. */

import type { LinuxKernel } from '../../src/kernel/host.js';
import { Accelerator } from '../../src/kernel/host-parts/accelerator.js';
import type { HostPartsOptions } from '../../src/kernel/host-parts/host-parts.js';
import type { NftConsulGuard } from '../../src/kernel/rules/consul-guard.js';
import type { VxlanGuard } from '../../src/kernel/rules/vxlan-guard.js';
import { type ConsulGuardPlan, consulGuardSteps } from '../../src/model/host/consul-guard.js';
import { vxlanGuardSteps } from '../../src/model/host/vxlan-guard.js';
import type { Host } from './bench.js';

/** The short way of a host that does not want it; in the host's namespace. */
export const unaccelerated = ({ kernel, vtep }: Host): Accelerator =>
  new Accelerator({ mode: 'off', shortWays: kernel.shortWays, local: vtep, port: 4789 });

/** What there is to do. */
export const guardSteps = (guard: VxlanGuard, nodes: readonly string[], vnis: readonly number[]) =>
  vxlanGuardSteps({ nodes: new Set(nodes), vnis: new Set(vnis) }, guard.observe());

export async function makeGuard(guard: VxlanGuard, nodes: readonly string[], vnis: readonly number[]): Promise<void> {
  for (const step of guardSteps(guard, nodes, vnis))
    if (step.kind === 'replaceVxlanGuard') await guard.replace(step.nodes, step.vnis);
    else if (step.kind === 'changeVxlanGuard') await guard.adjust(step.nodes, step.vnis);
}

export async function makeConsulGuard(guard: NftConsulGuard, plan: ConsulGuardPlan): Promise<void> {
  for (const step of consulGuardSteps(plan, guard.observe()))
    if (step.kind === 'replaceConsulGuard') await guard.replace(step);
}

/** The mesh of a host that has no key. */
export const meshOf = ({ mesh, wireguard }: LinuxKernel): HostPartsOptions['crypt'] => ({
  ...{ spaces: mesh, onHost: wireguard },
  privateKey: () => undefined,
});
