/** Probes without the one that serves on this host: the kernel's part of it is still there, or is made. */
import { UserError } from '../../errors.js';
import { LinuxKernel } from '../../kernel/host.js';
import { Accelerator } from '../../kernel/host-parts/accelerator.js';
import { LinuxHostParts } from '../../kernel/host-parts/host-parts.js';
import { planProbe, probeSteps, probeTrouble } from '../../model/host/probe.js';
import type { Probed } from '../../model/probe/passage.js';
import { familyOf } from '../../model/values/address.js';
import { namespacePath, PROBE_NAMESPACE } from '../../model/values/names.js';
import type { NodeAddress } from '../../model/values/types.js';
import { probeAll } from '../../probe/prober.js';
import type { Desk } from '../frame/desk.js';
import type { Status } from '../status.js';

/** `ways`: to whom there is to be a way. Rejects with a UserError that says why this host can probe nobody, or a KernelError. */
export async function probeAlone(
  { settings }: Desk,
  cluster: Status,
  peers: readonly NodeAddress[],
  ways = peers,
): Promise<readonly Probed[]> {
  const { advertise: self, vxlanPort: port } = settings;
  const kernel = new LinuxKernel({ advertise: self });
  // Its keys are the server's business.
  const crypt = { spaces: kernel.mesh, onHost: kernel.wireguard, privateKey: () => undefined };
  const accelerator = new Accelerator({ mode: 'off', shortWays: kernel.shortWays, local: self, port });
  const parts = new LinuxHostParts({ underlay: familyOf(self), mode: 'off', port, crypt, accelerator });
  try {
    const { underlayMtu } = await kernel.hostFacts();
    const nodes = new Map(cluster.nodes.map((node) => [node.id, node]));
    const networks = new Map(cluster.networks.map((network) => [network.id, network]));
    const around = { self, port, underlayMtu, nodes, networks };
    const plan = planProbe(around, ways);
    if (plan === 'off') throw new UserError(`the others cannot be probed from here: ${probeTrouble(around)}`);
    for (const step of probeSteps(plan, await parts.observe('probe')))
      if (step.kind !== 'requestGwbridge') await parts.apply(step);
    return await probeAll({ namespace: namespacePath(PROBE_NAMESPACE), self, mtu: plan.mtu }, peers);
  } finally {
    parts.close();
    kernel.close();
  }
}
