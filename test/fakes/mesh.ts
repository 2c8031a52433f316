/** A kernel with WireGuard, in memory: it keeps what steps make, and shakes hands when it is told to. */
import type {
  CryptStep,
  ObservedCrypt,
  ObservedMesh,
  ObservedPeer,
  ObservedWireguard,
} from '../../src/model/crypt/steps.js';
import type { PublicKey } from '../../src/model/values/types.js';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export class FakeMesh {
  hasWireguard = true;
  state: Mutable<ObservedCrypt> | undefined;

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
    if (step.kind === 'removeCryptLink') state.devices = state.devices.filter((d) => d.link !== step.link);
    if (step.kind === 'setCryptUp') this.change(step.link, () => ({ up: true }));
    if (step.kind === 'addVtep') this.change(step.link, (d) => ({ addresses: [...d.addresses, `${step.vtep}/32`] }));
    if (step.kind === 'replaceCryptRoutes') {
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

  private change(link: string, change: (device: ObservedWireguard) => Partial<ObservedWireguard>): void {
    if (this.state === undefined) return;
    this.state.devices = this.state.devices.map((d) => (d.link === link ? { ...d, ...change(d) } : d));
  }
}

function put(peers: readonly ObservedPeer[], step: Extract<CryptStep, { kind: 'putPeers' }>): readonly ObservedPeer[] {
  const all = new Map(peers.map((p) => [p.key, p]));
  for (const { key, vtep, endpoint, keepalive } of step.peers) {
    const known = all.get(key) ?? { key, keepalive, received: 0, allowed: [] };
    const place = step.placed.has(key) ? { endpoint } : {};
    all.set(key, { ...known, ...place, keepalive, allowed: [`${vtep}/32`] });
  }
  return [...all.values()];
}
