/** What this host has of the mesh that encrypts, as people read it. */
import type { Encryption } from '../admin/contract/encryption.js';
import { secondsOf } from './frame/desk.js';

/** None where no network is encrypted, and none is to be. */
export function encryptionLines({ mode, isUp, keys, made, rotationMs, waiting, peers }: Encryption): readonly string[] {
  if (!isUp) return mode === 'off' ? [] : [`encryption ${mode}; no network is encrypted yet`];
  const [old, next] = keys;
  const able = peers.filter((peer) => peer.hasKey);
  const unable = peers.filter((peer) => peer.alive && !peer.hasKey).map((peer) => peer.address);
  const until = rotationMs === 0 ? 'for good' : `until ${secondsOf(new Date(made + rotationMs))}`;
  return [
    `encryption ${mode}; WireGuard with ${able.length} hosts, ${able.filter((peer) => peer.talks).length} of which have talked in the last three minutes`,
    ...keys.map(
      ({ key, port }) =>
        `  key ${key}  UDP ${port}${key === (next ?? old)?.key ? `  since ${secondsOf(new Date(made))}, ${until}` : ''}`,
    ),
    ...(next === undefined
      ? []
      : [`  the first goes when nobody uses it; it waits for ${waiting.join(', ') || 'traffic to end'}`]),
    ...(unable.length === 0 ? [] : [`  without WireGuard, and so without encrypted networks: ${unable.join(', ')}`]),
  ];
}
