/** What is in the kernel when a process begins. */
import type { NetworksKernel } from '../../model/ports/kernel-port.js';
import { isPortName } from '../../model/values/names.js';
import type { EndpointId, NamespaceName } from '../../model/values/types.js';
import type { LocalEndpoints } from '../../registry/local/local-endpoints.js';

/** Gives the namespaces that there are; the endpoints whose links are in them are attached. */
export async function adopt(
  kernel: Pick<NetworksKernel, 'namespaces' | 'observe'>,
  local: Pick<LocalEndpoints, 'attach'>,
): Promise<readonly NamespaceName[]> {
  const names = await kernel.namespaces();
  for (const name of names) {
    const found = await kernel.observe(name);
    for (const link of found?.links ?? []) if (isPortName(link.name)) local.attach(link.alias as EndpointId);
  }
  return names;
}
