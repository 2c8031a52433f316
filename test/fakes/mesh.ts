/** A kernel with WireGuard, in memory: it keeps what steps make, and shakes hands when it is told to. */
import { UserError } from '../../src/errors.js';
import { kernelError } from '../../src/kernel/system/errno.js';
import type {
  CryptEndpoint,
  CryptStep,
  ObservedCrypt,
  ObservedMesh,
  ObservedPeer,
  ObservedWireguard,
  WireguardPlan,
} from '../../src/model/crypt/steps.js';
import type { PublicKey } from '../../src/model/values/types.js';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export class FakeMesh {
  hasWireguard = true;
  state: Mutable<ObservedCrypt> | undefined;
  /** UDP ports of the host that other programs have. */
  readonly taken = new Set<number>();

  observe(): ObservedMesh {
    return {
      isPossible: this.hasWireguard,
      ...(this.state === undefined ? {} : { mesh: structuredClone(this.state) }),
    };
  }

  apply(step: CryptStep): void {
    if (step.kind === 'createCrypt') this.state = { devices: [], strays: [], routes: [], quiet: false };
    if (step.kind === 'removeCrypt') this.state = undefined;
    const state = this.state;
    if (state === undefined) return;
    if (step.kind === 'quietMesh') state.quiet = true;
    if (step.kind === 'createWireguard') {
      const { link, key, port, mtu } = step.device;
      const made: ObservedWireguard = { link, key, port, mtu, up: false, addresses: [], peers: [] };
      state.devices = [...state.devices, made];
    }
    if (step.kind === 'setWireguard') this.setWireguard(step.device);
    if (step.kind === 'removeCryptLink') state.devices = state.devices.filter((d) => d.link !== step.link);
    if (step.kind === 'setCryptDown')
      state.strays = state.strays.map((stray) => (stray.link === step.link ? { ...stray, up: false } : stray));
    if (step.kind === 'setCryptUp') this.setUp(step.link);
    if (step.kind === 'addVtep') this.change(step.link, (d) => ({ addresses: [...d.addresses, `${step.vtep}/32`] }));
    if (step.kind === 'replaceCryptRoutes') {
      const isUp = (link: string): boolean => state.devices.some((d) => d.link === link && d.up);
      if (!step.routes.every((r) => isUp(r.link))) throw kernelError('ip route replace', 'ENETDOWN');
      const gone = new Set(step.routes.map((r) => r.to));
      state.routes = [...state.routes.filter((r) => !gone.has(r.to)), ...step.routes];
    }
    if (step.kind === 'removeCryptRoutes') state.routes = state.routes.filter((r) => !step.to.includes(r.to));
    if (step.kind === 'removePeers')
      this.change(step.link, (d) => ({ peers: d.peers.filter((p) => !step.keys.includes(p.key)) }));
    if (step.kind === 'putPeers') this.change(step.link, (d) => ({ peers: put(d.peers, step) }));
  }

  /** The device of `own` and that peer have talked. */
  talk(own: PublicKey, peer: PublicKey, bytes = 148): void {
    const device = this.state?.devices.find((d) => d.key === own);
    if (device === undefined) return;
    this.change(device.link, (d) => ({
      peers: d.peers.map((p) => (p.key === peer ? { ...p, handshake: Date.now(), received: p.received + bytes } : p)),
    }));
  }

  /** A peer sends from another place than it was said to be at. */
  roam(peer: PublicKey, endpoint: CryptEndpoint): void {
    for (const { link } of this.state?.devices ?? [])
      this.change(link, (d) => ({ peers: d.peers.map((p) => (p.key === peer ? { ...p, endpoint } : p)) }));
  }

  private setWireguard({ link, key, port }: WireguardPlan): void {
    if (this.state?.devices.some((d) => d.link === link && d.up)) this.bind(link, port);
    this.change(link, () => ({ key, port }));
  }

  private setUp(link: string): void {
    const device = this.state?.devices.find((d) => d.link === link);
    if (device === undefined) throw kernelError(`ip link set ${link} up`, 'ENODEV');
    this.bind(link, device.port);
    this.change(link, () => ({ up: true }));
  }

  /** A device that is up has its port to itself; one that is down has none yet. */
  private bind(link: string, port: number): void {
    const isHeld = this.state?.devices.some((d) => d.link !== link && d.up && d.port === port);
    if (isHeld || this.taken.has(port)) throw new UserError(`another program has UDP port ${port}`);
  }

  private change(link: string, change: (device: ObservedWireguard) => Partial<ObservedWireguard>): void {
    if (this.state === undefined) return;
    this.state.devices = this.state.devices.map((d) => (d.link === link ? { ...d, ...change(d) } : d));
  }
}

function put(peers: readonly ObservedPeer[], step: Extract<CryptStep, { kind: 'putPeers' }>): readonly ObservedPeer[] {
  const all = new Map(peers.map((p) => [p.key, p]));
  for (const { vtep, ...change } of step.peers) {
    const known = all.get(change.key) ?? { received: 0, allowed: [] };
    all.set(change.key, { ...known, ...change, ...(vtep === undefined ? {} : { allowed: [`${vtep}/32`] }) });
  }
  return [...all.values()];
}
