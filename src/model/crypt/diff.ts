/** The steps that make the host's WireGuard mesh as planned, in the order they must run: the new before the old goes. Pure. */
import { isDeepStrictEqual } from 'node:util';
import type { PublicKey } from '../values/types.js';
import type {
  CryptPeer,
  CryptPlan,
  CryptStep,
  ObservedCrypt,
  ObservedMesh,
  ObservedPeer,
  ObservedWireguard,
  PeerChange,
  WireguardPlan,
} from './steps.js';

/** `wanted` undefined: there should be none. */
export function cryptSteps(wanted: CryptPlan | undefined, { mesh: found }: ObservedMesh): readonly CryptStep[] {
  if (wanted === undefined)
    return found === undefined ? [] : [{ kind: 'removeCrypt', reason: 'no network is encrypted', prune: true }];
  const steps = stepsTo(wanted, found);
  return wanted.prunes ? steps : steps.filter((step) => step.prune !== true);
}

function stepsTo(wanted: CryptPlan, found: ObservedCrypt | undefined): readonly CryptStep[] {
  const seen: ObservedCrypt = found ?? { devices: [], strays: [], routes: [], quiet: false };
  const planned = new Set(wanted.devices.map((d) => d.link));
  const unplanned = seen.devices.filter((d) => !planned.has(d.link));
  const ports = new Set(wanted.devices.map((d) => d.port));
  return [
    ...(found === undefined ? [{ kind: 'createCrypt' as const, reason: 'missing' }] : []),
    ...(seen.unmounted ? [{ kind: 'mountCrypt' as const, reason: 'its file was unmounted' }] : []),
    ...(seen.quiet
      ? []
      : [{ kind: 'quietMesh' as const, reason: 'sends on what comes in, or is particular about ways' }]),
    // By any other way out the frames of encrypted networks could leave as they are. Not all can be deleted: the kernel
    // keeps a tunl0 and the like in each namespace, and a card is nobody's to delete.
    ...seen.strays
      .filter(({ up }) => up)
      .map(({ link }): CryptStep => ({ kind: 'setCryptDown', link, reason: 'no WireGuard device' })),
    // What fails on one device, as where another program has its port, keeps neither the other one nor who comes and goes.
    ...[
      // The new one could not be up beside it.
      ...unplanned.filter(({ port }) => ports.has(port)).map(removed),
      ...wanted.devices.flatMap((device) => deviceSteps(device, wanted, seen)),
      ...routeSteps(wanted, seen),
      ...wanted.devices.flatMap((device) => removedPeers(device, wanted, seen)),
    ].map((step): CryptStep => ({ ...step, apart: true })),
    ...unplanned.filter(({ port }) => !ports.has(port)).map(removed),
  ];
}

const removed = ({ link }: ObservedWireguard): CryptStep => ({
  ...{ kind: 'removeCryptLink', link, reason: 'its key is no longer used', prune: true },
});

function deviceSteps(device: WireguardPlan, wanted: CryptPlan, seen: ObservedCrypt): readonly CryptStep[] {
  const { link, vtep, mtu } = device;
  const found = seen.devices.find((d) => d.link === link);
  const other = found && otherness(device, found);
  const peers = changedPeers(wanted, found);
  return [
    ...(found === undefined ? [{ kind: 'createWireguard' as const, device, reason: 'missing' }] : []),
    ...(other === undefined ? [] : [{ kind: 'setWireguard' as const, device, reason: other }]),
    ...(found === undefined || found.mtu === mtu
      ? []
      : [{ kind: 'setCryptMtu' as const, link, mtu, reason: `MTU is ${found.mtu}` }]),
    ...(peers.length === 0 ? [] : [{ kind: 'putPeers' as const, link, peers, reason: 'not as their records say' }]),
    ...(found?.addresses.includes(`${vtep}/32`) ? [] : [{ kind: 'addVtep' as const, link, vtep, reason: 'missing' }]),
    ...(found?.up ? [] : [{ kind: 'setCryptUp' as const, link, reason: found === undefined ? 'new' : 'down' }]),
  ];
}

const otherness = (device: WireguardPlan, { key, port }: ObservedWireguard): string | undefined =>
  key !== device.key ? 'has another key' : port === device.port ? undefined : `listens on port ${port}`;

function changedPeers({ peers, moved }: CryptPlan, found: ObservedWireguard | undefined): readonly PeerChange[] {
  const have = new Map(found?.peers.map((p) => [p.key, p]));
  return peers.flatMap((peer) => {
    const { key, vtep, endpoint, keepalive } = peer;
    const known = have.get(key);
    const isAdmitted = isDeepStrictEqual(known?.allowed, [`${vtep}/32`]);
    if (isPlaced(peer, known, moved) && isAdmitted && known?.keepalive === keepalive) return [];
    return [
      {
        ...{ key, keepalive },
        ...(isAdmitted ? {} : { vtep }),
        ...(isPlaced(peer, known, moved) ? {} : { endpoint }),
      },
    ];
  });
}

function isPlaced(peer: CryptPeer, known: ObservedPeer | undefined, moved: ReadonlySet<PublicKey>): boolean {
  if (known?.endpoint === undefined) return false;
  return isDeepStrictEqual(known.endpoint, peer.endpoint) || !moved.has(peer.key);
}

function removedPeers(device: WireguardPlan, { peers }: CryptPlan, { devices }: ObservedCrypt): readonly CryptStep[] {
  const { link } = device;
  const wanted = new Set(peers.map((p) => p.key));
  const found = devices.find((d) => d.link === link)?.peers ?? [];
  const keys = found.map((p) => p.key).filter((key) => !wanted.has(key));
  return keys.length === 0
    ? []
    : [{ kind: 'removePeers', link, keys, reason: 'no host of the cluster has this key', prune: true }];
}

/** Those by one device are a step by themselves: by a device that is down there is no way. */
function routeSteps({ devices, routes }: CryptPlan, seen: ObservedCrypt): readonly CryptStep[] {
  const have = new Map(seen.routes.map((route) => [route.to, route]));
  const wanted = new Set(routes.map((route) => route.to));
  const changed = routes.filter((route) => !isDeepStrictEqual(have.get(route.to), route));
  const gone = seen.routes.map((route) => route.to).filter((to) => !wanted.has(to));
  return [
    ...devices
      .map(({ link }) => changed.filter((route) => route.link === link))
      .filter((some) => some.length > 0)
      .map((some): CryptStep => ({ kind: 'replaceCryptRoutes', routes: some, reason: 'missing, or another way' })),
    ...(gone.length === 0
      ? []
      : [{ kind: 'removeCryptRoutes' as const, to: gone, reason: 'not planned', prune: true as const }]),
  ];
}
