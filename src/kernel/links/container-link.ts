/** A container's card that somebody deleted, put back as the engine had set it up. */
import type { CardPlan } from '../../model/plan/namespace-plan.js';
import { closeInside, type Inside, openInside } from '../netlink/inside.js';
import type { Rtnetlink } from '../netlink/rtnetlink.js';
import { kernelError } from '../system/errno.js';
import { changeSettings } from '../system/settings.js';
import { ipv6At } from '../system/sysctl.js';
import { ensureAddress } from './addresses.js';
import { findLink, setLink } from './links.js';
import { ensureRoute } from './routes.js';
import type { Peer } from './veth.js';

/** More networks than any container is on. */
const MOST_CARDS = 256;

/** Runs `work` with the container as the place of a veth pair's other end. Throws ENOENT when the sandbox is gone. */
export async function withCard<T>(card: CardPlan, work: (peer: () => Promise<Peer>) => Promise<T>): Promise<T> {
  const sandbox = openInside(card.sandbox);
  try {
    return await sandbox.held.lend((namespace) =>
      work(async () => {
        const name = await firstFree(sandbox.socket);
        return { name, namespace, mac: card.mac, furnish: () => furnish(sandbox, name, card) };
      }),
    );
  } finally {
    closeInside(sandbox);
  }
}

/**
 * The engine counts the same way, so the deleted card's own name is the free one. Asked for one by one: a container
 * may have made any number of links. Throws EEXIST when it has taken all the names.
 */
async function firstFree(socket: Rtnetlink): Promise<string> {
  for (let n = 0; n < MOST_CARDS; n++) if ((await findLink(socket, `eth${n}`)) === undefined) return `eth${n}`;
  throw kernelError(`ip link add eth${MOST_CARDS - 1}`, 'EEXIST');
}

async function furnish({ socket, held }: Inside, name: string, card: CardPlan): Promise<void> {
  const setting = ipv6At(
    name,
    card.addresses.some((a) => a.includes(':')),
  );
  await changeSettings(held, [setting]);
  for (const address of card.addresses) await ensureAddress(socket, name, address);
  await setLink(socket, name, { up: true });
  for (const route of card.routes) await ensureRoute(socket, route);
}
