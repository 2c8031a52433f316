/** What carries out each step of the WireGuard mesh. */
import { isKernelError, UserError } from '../../errors.js';
import type { CryptStep, CryptStepKind, WireguardPlan } from '../../model/crypt/steps.js';
import { aloneOf } from '../../model/values/canonical.js';
import type { PublicKey } from '../../model/values/types.js';
import { ensureAddress } from '../links/addresses.js';
import { addLink, findLink, removeLink, setLink } from '../links/links.js';
import type { Rtnetlink } from '../netlink/rtnetlink.js';
import { kernelError } from '../system/errno.js';
import { changeSettings } from '../system/settings.js';
import { IPV6_OFF, RECEIVE_ONLY } from '../system/sysctl.js';
import { removeRoutes, replaceRoutes } from './crypt-routes.js';
import type { CryptSpaces } from './crypt-space.js';
import type { Wireguard } from './wireguard.js';

export interface CryptPlace {
  readonly spaces: CryptSpaces;
  /** In the host's namespace, where the sockets of the devices are to be. */
  readonly host: Rtnetlink;
  readonly onHost: Wireguard;
  /** 32 bytes, of one of this host's own keys; in no step, for steps are logged. */
  readonly privateKey: (key: PublicKey) => Buffer | undefined;
}

interface At {
  readonly crypt: CryptPlace;
}

export const cryptExecutors: { readonly [K in CryptStepKind]: (at: At, step: CryptStep<K>) => Promise<void> | void } = {
  createCrypt: async ({ crypt: { spaces } }) => {
    const space = spaces.create();
    await changeSettings(space.held, IPV6_OFF);
    await setLink(space.socket, 'lo', { up: true });
  },
  mountCrypt: ({ crypt }) => void crypt.spaces.create(),
  removeCrypt: ({ crypt }) => crypt.spaces.remove(),
  quietMesh: ({ crypt: { spaces } }) =>
    changeSettings(spaces.require('sysctl -w net.ipv4.ip_forward=0').held, RECEIVE_ONLY),
  createWireguard: ({ crypt }, { device }) => create(crypt, device),
  setWireguard: ({ crypt }, { device }) => setKey(crypt, device),
  removeCryptLink: async ({ crypt }, { link }) => {
    await removeLink(crypt.spaces.require(`ip link delete ${link}`).socket, link);
  },
  setCryptMtu: ({ crypt }, { link, mtu }) =>
    setLink(crypt.spaces.require(`ip link set ${link} mtu ${mtu}`).socket, link, { mtu }),
  // Its socket is made now.
  setCryptUp: ({ crypt }, { link }) =>
    onFreePort(() => setLink(crypt.spaces.require(`ip link set ${link} up`).socket, link, { up: true })),
  setCryptDown: ({ crypt }, { link }) => takeDown(crypt, link),
  addVtep: ({ crypt }, { link, vtep }) =>
    ensureAddress(crypt.spaces.require(`ip address add ${vtep}/32`).socket, link, aloneOf(vtep)),
  putPeers: ({ crypt }, { link, peers }) => crypt.spaces.require(`wg set ${link}`).wireguard.set({ link, peers }),
  removePeers: ({ crypt }, { link, keys }) =>
    crypt.spaces
      .require(`wg set ${link}`)
      .wireguard.set({ link, peers: keys.map((key) => ({ key, removed: true as const })) }),
  replaceCryptRoutes: ({ crypt }, { routes }) => replaceRoutes(crypt.spaces.require('ip route replace').socket, routes),
  removeCryptRoutes: ({ crypt }, { to }) => removeRoutes(crypt.spaces.require('ip route delete').socket, to),
};

/** `ip link add <link> netns <crypt> mtu <mtu> type wireguard`: the device lives inside, its UDP socket on the host. */
async function create(crypt: CryptPlace, device: WireguardPlan): Promise<void> {
  const { link, mtu } = device;
  const space = crypt.spaces.require(`ip link add ${link} type wireguard`);
  if ((await findLink(space.socket, link)) === undefined)
    await space.held.lend((namespace) => addLink(crypt.host, { name: link, mtu, namespace, kind: 'wireguard' }));
  await setKey(crypt, device);
}

async function setKey(crypt: CryptPlace, { link, key, port }: WireguardPlan): Promise<void> {
  const privateKey = crypt.privateKey(key);
  // Lost with DATA_DIR, while the plan was made of it.
  if (privateKey === undefined) throw kernelError(`wg set ${link} private-key`, 'ENOENT');
  await onFreePort(() => crypt.spaces.require(`wg set ${link}`).wireguard.set({ link, privateKey, port }));
}

/** Success when it is gone. */
async function takeDown({ spaces }: CryptPlace, link: string): Promise<void> {
  try {
    await setLink(spaces.require(`ip link set ${link} down`).socket, link, { up: false });
  } catch (e) {
    if (!isKernelError(e, 'ENODEV')) throw e;
  }
}

/** Throws a UserError where another program has the port. */
async function onFreePort(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (e) {
    if (!isKernelError(e, 'EADDRINUSE')) throw e;
    throw new UserError(
      'another program has a UDP port of this host that WireGuard is to have, WIREGUARD_PORT or the next one; stop it, or set others',
    );
  }
}
