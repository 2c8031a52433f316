/** A container's card that somebody deleted, put back as the engine had set it up. */
import { closeSync } from 'node:fs';
import { isKernelError } from '../errors.js';
import type { CardPlan } from '../model/steps.js';
import { ensureAddress } from './addresses.js';
import { listLinks, setLink } from './links.js';
import { OWN_NETNS, openNamespace, withNamespace } from './netns.js';
import { ensureRoute } from './routes.js';
import { Rtnetlink } from './rtnetlink.js';
import { writeSysctl } from './sysctl.js';
import type { Peer } from './veth.js';

/** Runs `work` with the container as the place of a veth pair's other end. Throws ENOENT when the sandbox is gone. */
export async function withCard<T>(card: CardPlan, work: (peer: () => Promise<Peer>) => Promise<T>): Promise<T> {
  const sandbox = withNamespace(card.sandbox, () => ({ socket: new Rtnetlink(), fd: openNamespace(OWN_NETNS) }));
  try {
    return await work(async () => {
      const name = firstFree(new Set((await listLinks(sandbox.socket)).map((link) => link.name)));
      const { socket, fd: namespace } = sandbox;
      return { name, namespace, mac: card.mac, furnish: () => furnish(socket, name, card) };
    });
  } finally {
    sandbox.socket.close();
    closeSync(sandbox.fd);
  }
}

/** The engine counts the same way, so the deleted card's own name is the free one. */
function firstFree(used: ReadonlySet<string>): string {
  let n = 0;
  while (used.has(`eth${n}`)) n++;
  return `eth${n}`;
}

async function furnish(socket: Rtnetlink, name: string, card: CardPlan): Promise<void> {
  const disable = card.addresses.some((a) => a.includes(':')) ? 0 : 1;
  withNamespace(card.sandbox, () => setIpv6(name, disable));
  for (const address of card.addresses) await ensureAddress(socket, name, address);
  await setLink(socket, name, { up: true });
  for (const route of card.routes) await ensureRoute(socket, route);
}

function setIpv6(link: string, disable: 0 | 1): void {
  try {
    writeSysctl(`net/ipv6/conf/${link}/disable_ipv6`, disable);
  } catch (e) {
    // A kernel without IPv6.
    if (!isKernelError(e, 'ENOENT')) throw e;
  }
}
