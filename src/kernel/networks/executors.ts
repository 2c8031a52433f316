/** What carries out each kind of step: one entry per kind, and the compiler misses none. */
import { isKernelError } from '../../errors.js';
import type { Step, StepArgs, StepKind } from '../../model/plan/steps.js';
import { NAMESPACE_SYSCTLS } from '../../model/plan/sysctls.js';
import type { CryptSpaces } from '../crypt/crypt-space.js';
import { ensureAddress, removeAddress } from '../links/addresses.js';
import { setPort } from '../links/bridge-ports.js';
import { ensureBridge, stopSnooping } from '../links/bridges.js';
import { withCard } from '../links/container-link.js';
import { removingStatic, replacingStatic } from '../links/fdb.js';
import { linkIndex, removeLink, setLink } from '../links/links.js';
import { removingNeighbour, replacingNeighbour } from '../links/neighbours.js';
import { ensurePort, type Peer } from '../links/veth.js';
import { ensureVxlan, raiseLink, stopLearning } from '../links/vxlan.js';
import type { Rtnetlink } from '../netlink/rtnetlink.js';
import { ensureFence } from '../rules/gateway-fence.js';
import { replaceUplinkRules } from '../rules/uplink-rules.js';
import type { HeldNamespace } from '../system/held-namespace.js';
import { changeSettings } from '../system/settings.js';
import { IPV6_OFF, ipv6On } from '../system/sysctl.js';
import type { Entries } from './entries.js';
import type { Namespaces, Space } from './namespaces.js';
import type { Removals } from './removals.js';
import { ensureUplink } from './uplink.js';
import { takeVni } from './vni.js';

export interface Workplace {
  readonly spaces: Namespaces;
  readonly entries: Entries;
  readonly removals: Removals;
  /** In the host's namespace, the underlay. */
  readonly host: Rtnetlink;
  readonly home: HeldNamespace;
  readonly mesh: Pick<CryptSpaces, 'numberFor' | 'require'>;
}

type Executors = { readonly [K in keyof StepArgs]: (at: Workplace, step: Step<K>) => Promise<void> };

/** Those that make something need the namespace. */
const inside = (at: Workplace, step: Step): Promise<Space> => at.spaces.require(step.ns);

/** Those that take something away have nothing to do when the namespace is gone. */
async function unlessGone(at: Workplace, step: Step, work: (socket: Rtnetlink) => Promise<unknown>): Promise<void> {
  const space = await at.spaces.open(step.ns);
  if (space !== undefined) await work(space.socket);
}

/** In the host's namespace, where the engine fetches it. What has the name is of an attach that failed. */
const waitingPeer =
  (host: Rtnetlink, name: string, namespace: number) =>
  async (isTaken: boolean): Promise<Peer> => {
    if (isTaken) await removeLink(host, name);
    return { name, namespace };
  };

/** IPv6 is off until something of it is wanted: see createNamespace. */
const enableIpv6For = async (ip: string, { held }: Space, link: string): Promise<void> => {
  if (ip.includes(':')) await changeSettings(held, ipv6On(link));
};

const executors: Executors = {
  createNamespace: async (at, step) => {
    const space = await at.spaces.create(step.ns);
    const settings = [...NAMESPACE_SYSCTLS].map(([name, value]) => ({ name, value, ifThere: true }) as const);
    await changeSettings(space.held, [...IPV6_OFF, ...settings]);
    await setLink(space.socket, 'lo', { up: true });
  },

  mountNamespace: async (at, step) => at.spaces.remount(await inside(at, step)),

  setSysctl: async (at, step) => {
    await changeSettings((await inside(at, step)).held, [step]);
  },

  removeNamespace: (at, step) => at.spaces.remove(step.ns),

  createBridge: async (at, step) => ensureBridge((await inside(at, step)).socket, step),

  createVxlan: async (at, step) => {
    const space = await inside(at, step);
    const fence = () => step.flooding && ensureFence(space.held.path, step.link, step.flooding.gateways);
    const isMeshed = step.local === undefined;
    const home = isMeshed ? at.mesh.require(`ip link add ${step.link} type vxlan id ${step.vni}`).socket : at.host;
    const make = () => space.held.lend((fd) => ensureVxlan(home, space.socket, fd, step, fence));
    try {
      await make();
    } catch (e) {
      // The VNIs of the mesh are others than those of the underlay, and the cluster gives each to one network alone.
      if (isMeshed || !isKernelError(e, 'EEXIST') || !(await takeVni(step.vni, step.ns, at.spaces, at.host))) throw e;
      await make();
    }
  },

  replaceFence: async (at, step) => ensureFence((await inside(at, step)).held.path, step.link, step.gateways),

  createPort: async (at, step) => {
    const { socket, filters } = await inside(at, step);
    const guard = () => step.sender && filters.replace(step.link, step.sender);
    if (step.card !== undefined) return withCard(step.card, (peer) => ensurePort(socket, step, peer, guard));
    return at.home.lend((fd) => ensurePort(socket, step, waitingPeer(at.host, step.containerEnd, fd), guard));
  },

  removeLink: (at, { ns, link }) => at.removals.remove(ns, link),

  setMtu: async (at, step) => setLink((await inside(at, step)).socket, step.link, { mtu: step.mtu }),

  setMac: async (at, step) => setLink((await inside(at, step)).socket, step.link, { mac: step.mac }),

  setUp: async (at, step) => raiseLink((await inside(at, step)).socket, step.link),

  setMaster: async (at, step) => {
    const { socket } = await inside(at, step);
    const master = await linkIndex(socket, step.master, `ip link set ${step.link} master ${step.master}`);
    await setLink(socket, step.link, { master });
  },

  setPort: async (at, step) => setPort((await inside(at, step)).socket, step.link),

  stopLearning: async (at, step) => stopLearning((await inside(at, step)).socket, step.link),

  stopSnooping: async (at, step) => stopSnooping((await inside(at, step)).socket, step.link),

  addAddress: async (at, step) => {
    const space = await inside(at, step);
    await enableIpv6For(step.address, space, step.link);
    await ensureAddress(space.socket, step.link, step.address);
  },

  removeAddress: (at, step) => unlessGone(at, step, (socket) => removeAddress(socket, step.link, step.address)),

  replaceNeighbour: (at, { ns, link, mac, ip }) =>
    at.entries.change(ns, { change: replacingNeighbour('ip', link, mac, ip), ipv6: ip.includes(':') }),

  removeNeighbour: (at, { ns, link, mac, ip }) =>
    at.entries.change(ns, { change: removingNeighbour('ip', link, mac, ip), ipv6: false }),

  replaceFdb: (at, { ns, link, mac, vtep }) =>
    at.entries.change(ns, { change: replacingNeighbour('bridge', link, mac, vtep), ipv6: false }),

  removeFdb: (at, { ns, link, mac, vtep }) =>
    at.entries.change(ns, { change: removingNeighbour('bridge', link, mac, vtep), ipv6: false }),

  replaceStatic: (at, { ns, link, mac }) => at.entries.change(ns, { change: replacingStatic(link, mac), ipv6: false }),

  removeStatic: (at, { ns, link, mac }) => at.entries.change(ns, { change: removingStatic(link, mac), ipv6: false }),

  ensureUplink: async (at, step) => {
    const space = await inside(at, step);
    // Before anything can come by it.
    await replaceUplinkRules(space.held.path);
    await ensureUplink({ host: at.host, home: at.home, inside: space.socket }, step);
  },

  replaceFilter: async (at, step) => (await inside(at, step)).filters.replace(step.link, step.sender),

  removeFilter: async (at, step) => (await at.spaces.open(step.ns))?.filters.remove(step.link),

  createLane: async (at, step) => (await inside(at, step)).shortWay?.make(step.plan),

  removeLane: async (at, step) => (await at.spaces.open(step.ns))?.shortWay?.remove(),

  hookPort: async (at, step) => (await inside(at, step)).shortWay?.hookPort(step.link, step.plan),

  replaceWay: async (at, step) => (await inside(at, step)).shortWay?.setWay(step.mac, step.at),

  removeWay: async (at, step) => (await at.spaces.open(step.ns))?.shortWay?.removeWay(step.mac),
};

/** Does one step. */
export async function execute<K extends StepKind>(at: Workplace, step: Step<K>): Promise<void> {
  await executors[step.kind](at, step);
}
