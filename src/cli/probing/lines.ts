/** What a probe has found, for people. Pure. */
import type { ProbeFinding } from '../../model/probe/judgement.js';
import type { Probed, Tally } from '../../model/probe/passage.js';
import type { Target } from './target.js';

export const nameOf = ({ address, hostname, container }: Target): string =>
  container === undefined ? `${hostname} (${address})` : `${hostname} (${address}), the host of ${container}`;

export function probeLines(target: Target, probed: Probed, findings: readonly ProbeFinding[]): readonly string[] {
  const troubles = findings.flatMap(({ trouble, what, cure }) => [`warning: ${what} (probe.${trouble})`, `  ${cure}`]);
  const secret = target.encrypted.map(
    (network) =>
      `  network ${network} is encrypted: its packets go by WireGuard, through another UDP port, which was not probed; tsoverlay status --json says when each host was talked with last (encryption.peers)`,
  );
  if (!probed.answered) return [`${nameOf(target)} does not answer`, ...secret, ...troubles];
  const { roundTrip, there, back, mtu } = probed;
  return [
    `${nameOf(target)} answers`,
    `  round trip ${ms(roundTrip.median)}, from ${ms(roundTrip.min)} to ${ms(roundTrip.max)}`,
    `  lost: there ${lost(there)}, back ${lost(back)}`,
    `  largest packet that passes uncut: ${mtu.there} bytes there, ${mtu.back} back; planned are ${mtu.planned}`,
    ...secret,
    ...troubles,
  ];
}

const ms = (value: number): string => `${value.toFixed(value < 10 ? 2 : 0)} ms`;
const lost = ({ sent, arrived }: Tally): string => `${sent - arrived} of ${sent}`;
