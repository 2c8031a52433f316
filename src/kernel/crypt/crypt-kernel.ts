/** The host's WireGuard mesh: what there is of it, and what carries out each step. */
import type { CryptStep, CryptStepKind, ObservedCrypt, WireguardPlan } from '../../model/crypt/steps.js';
import type { CryptKernel } from '../../model/ports/crypt-port.js';
import type { Cidr, PublicKey } from '../../model/values/types.js';
import { ensureAddress, listAddresses } from '../links/addresses.js';
import { addLink, findLink, listLinks, removeLink, setLink } from '../links/links.js';
import type { Rtnetlink } from '../netlink/rtnetlink.js';
import { kernelError } from '../system/errno.js';
import { disableIpv6, isMeshQuiet, quietMesh } from '../system/sysctl.js';
import { listRoutes, removeRoutes, replaceRoutes } from './crypt-routes.js';
import type { CryptSpace, CryptSpaces } from './crypt-space.js';
import type { Wireguard } from './wireguard.js';

const KIND = 'wireguard';

type Executors = { readonly [K in CryptStepKind]: (step: CryptStep<K>) => unknown };

export interface CryptParts {
  readonly spaces: CryptSpaces;
  /** In the host's namespace: the sockets of the devices are where they are asked for. */
  readonly host: Rtnetlink;
  readonly onHost: Wireguard;
  /** 32 bytes, of one of this host's own keys; in no step, for steps are logged. */
  readonly privateKey: (key: PublicKey) => Buffer | undefined;
}

export class LinuxCrypt implements CryptKernel {
  private readonly spaces: CryptSpaces;

  constructor(private readonly parts: CryptParts) {
    this.spaces = parts.spaces;
  }

  canEncrypt(): Promise<boolean> {
    return this.parts.onHost.isThere();
  }

  async observe(): Promise<ObservedCrypt | undefined> {
    const space = this.spaces.open();
    if (space === undefined) return undefined;
    const links = await listLinks(space.socket);
    const addresses = await listAddresses(space.socket);
    const nameOf = new Map(links.map((l) => [l.index, l.name]));
    const routes = (await listRoutes(space.socket)).flatMap(({ to, link, source }) =>
      source === '' ? [] : [{ to, link: nameOf.get(link) ?? '', source }],
    );
    const devices = [];
    for (const { index, name, up, mtu } of links.filter((l) => l.kind === KIND)) {
      const { key, port = 0, peers } = await space.wireguard.show(name);
      const own = addresses.filter((a) => a.link === index).map((a) => a.address);
      devices.push({ link: name, up, mtu, port, peers, addresses: own, ...(key === undefined ? {} : { key }) });
    }
    return {
      devices,
      strays: links.filter((l) => l.kind !== KIND && l.name !== 'lo').map((l) => l.name),
      routes,
      quiet: this.spaces.within(space, isMeshQuiet),
      ...(this.spaces.isMounted(space) ? {} : { unmounted: true }),
    };
  }

  async apply<K extends CryptStepKind>(step: CryptStep<K>): Promise<void> {
    await this.executors[step.kind](step);
  }

  private readonly executors: Executors = {
    createCrypt: async () => {
      const space = this.spaces.create();
      this.spaces.within(space, disableIpv6);
      await setLink(space.socket, 'lo', { up: true });
    },
    mountCrypt: () => this.spaces.create(),
    removeCrypt: () => this.spaces.remove(),
    quietMesh: () => this.spaces.within(this.inside('sysctl -w net.ipv4.ip_forward=0'), quietMesh),
    createWireguard: ({ device }) => this.create(device),
    setWireguard: ({ device }) => this.set(device),
    removeCryptLink: ({ link }) => removeLink(this.inside(`ip link delete ${link}`).socket, link),
    setCryptMtu: ({ link, mtu }) => setLink(this.inside(`ip link set ${link} mtu ${mtu}`).socket, link, { mtu }),
    setCryptUp: ({ link }) => setLink(this.inside(`ip link set ${link} up`).socket, link, { up: true }),
    addVtep: ({ link, vtep }) =>
      ensureAddress(this.inside(`ip address add ${vtep}/32`).socket, link, `${vtep}/32` as Cidr),
    putPeers: ({ link, peers, placed }) =>
      this.inside(`wg set ${link}`).wireguard.set({
        link,
        peers: peers.map(({ key, vtep, endpoint, keepalive }) =>
          placed.has(key) ? { key, vtep, endpoint, keepalive } : { key, vtep, keepalive },
        ),
      }),
    removePeers: ({ link, keys }) =>
      this.inside(`wg set ${link}`).wireguard.set({ link, peers: keys.map((key) => ({ key, removed: true })) }),
    replaceCryptRoutes: ({ routes }) => replaceRoutes(this.inside('ip route replace').socket, routes),
    removeCryptRoutes: ({ to }) => removeRoutes(this.inside('ip route delete').socket, to),
  };

  private inside(verb: string): CryptSpace {
    return this.spaces.require(verb);
  }

  /** `ip link add <link> netns <crypt> mtu <mtu> type wireguard`: the device lives inside, its UDP socket on the host. */
  private async create(device: WireguardPlan): Promise<void> {
    const { link, mtu } = device;
    const space = this.inside(`ip link add ${link} type ${KIND}`);
    if ((await findLink(space.socket, link)) === undefined)
      await addLink(this.parts.host, { name: link, mtu, namespace: space.fd, kind: KIND });
    await this.set(device);
  }

  private async set({ link, key, port }: WireguardPlan): Promise<void> {
    const privateKey = this.parts.privateKey(key);
    // Lost with DATA_DIR, while the plan was made of it.
    if (privateKey === undefined) throw kernelError(`wg set ${link} private-key`, 'ENOENT');
    await this.inside(`wg set ${link}`).wireguard.set({ link, privateKey, port });
  }
}
