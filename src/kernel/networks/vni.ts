/** Who on this host has a VNI: the kernel allows one VXLAN device of each, in whatever namespace it is. */
import { UserError } from '../../errors.js';
import { isPortName } from '../../model/values/names.js';
import type { NamespaceName } from '../../model/values/types.js';
import { type KernelLink, listLinks, removeLink } from '../links/links.js';
import { readVxlan } from '../links/vxlan.js';
import type { Rtnetlink } from '../netlink/rtnetlink.js';
import type { Namespaces } from './namespaces.js';

/**
 * Takes a VNI from a namespace without containers, what the native overlay driver or an unclean stop left behind.
 * Throws a UserError, naming the holder, when it is in use. False when no holder is found.
 */
export async function takeVni(vni: number, self: NamespaceName, spaces: Namespaces, host: Rtnetlink): Promise<boolean> {
  const holderIn = (links: readonly KernelLink[]) =>
    links.find((l) => l.kind === 'vxlan' && readVxlan(l.data).vni === vni);
  const refuse = (link: string, where: string): never => {
    throw new UserError(`VNI ${vni} is in use by ${link} ${where}; remove that, or the network it serves`);
  };

  const onHost = holderIn(await listLinks(host));
  if (onHost !== undefined) return refuse(onHost.name, 'of the host');
  for (const name of await spaces.names()) {
    if (name === self) continue;
    const taken = await spaces.visit(name, async (socket) => {
      const links = await listLinks(socket);
      const holder = holderIn(links);
      if (holder === undefined) return false;
      const ports = links.filter((l) => isPortName(l.name)).length;
      if (ports > 0)
        return refuse(
          holder.name,
          `in ${spaces.pathOf(name)}, with ${ports === 1 ? 'a container' : `${ports} containers`}`,
        );
      return removeLink(socket, holder.name);
    });
    if (taken === true) return true;
  }
  return false;
}
