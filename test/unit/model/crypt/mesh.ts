/** Hosts with keys, for what is planned of them. */
import type { CryptSelf, OwnKey } from '../../../../src/model/crypt/plan.js';
import type { CryptPlan, ObservedCrypt } from '../../../../src/model/crypt/steps.js';
import type { Node, NodeAddress, PublicKey } from '../../../../src/model/values/types.js';
import { idOf, nodeOf } from '../../nodes.js';

export const keyOf = (n: number): PublicKey => Buffer.alloc(32, n).toString('base64') as PublicKey;

/** The n-th host at 10.0.0.n, with these keys. */
export const host = (n: number, ...keys: readonly number[]): Node => ({
  ...nodeOf(`10.0.0.${n}`),
  ...{ alive: true, index: 1 },
  crypt: { keys: keys.map((k, i) => ({ key: keyOf(k), port: 51_820 + i })) },
});

export const own = (n: number, place = 0): OwnKey => ({ key: keyOf(n), port: 51_820 + place });

export const selfAt = (n: number, ...keys: readonly OwnKey[]): CryptSelf => ({
  ...{ id: idOf(`10.0.0.${n}`), address: `10.0.0.${n}` as NodeAddress, mtu: 1500, keepalive: 0 },
  keys,
});

/** The kernel after all steps to a plan; those who have shaken hands as pairs of device and peer. */
export const made = (
  { devices, peers, routes }: CryptPlan,
  shaken: ReadonlySet<string> = new Set(),
): ObservedCrypt => ({
  devices: devices.map(({ link, key, vtep, port, mtu }) => ({
    ...{ link, key, port, mtu, up: true, addresses: [`${vtep}/32`] },
    peers: peers.map((p) => ({
      ...{ key: p.key, endpoint: p.endpoint, keepalive: p.keepalive, received: 0, allowed: [`${p.vtep}/32`] },
      ...(shaken.has(`${key} ${p.key}`) ? { handshake: 1_000_000 } : {}),
    })),
  })),
  strays: [],
  routes,
  quiet: true,
});
