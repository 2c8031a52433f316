import * as z from 'zod';
import { probed, probeExchange } from '../../admin/contract/probe.js';
import { UserError } from '../../errors.js';
import { judgeProbe } from '../../model/probe/judgement.js';
import type { Probed } from '../../model/probe/passage.js';
import { isAway } from '../frame/agent-client.js';
import { command } from '../frame/command.js';
import type { Desk } from '../frame/desk.js';
import { probeAlone } from '../probing/alone.js';
import { probeLines } from '../probing/lines.js';
import { type Target, targetOf } from '../probing/target.js';
import { readCluster } from '../reading/cluster.js';
import { readStatus, type Status } from '../status.js';

const PROBE_MS = 8_000;

export const ping = command({
  usage: 'ping <host|container>',
  about:
    "the overlay's way to another host, or to that of a container: round trip, loss and largest packet in each direction, and whether cards spoil checksums",
  example: 'tsoverlay ping docker02',
  takesContainers: true,
  json: z.object({
    host: z.object({ address: z.string(), hostname: z.string() }),
    by: z
      .enum(['agent', 'command'])
      .describe('who probed: the one that serves on this host, or this command in its stead'),
    probed,
    findings: z.array(
      z.object({ code: z.string(), what: z.string(), cure: z.string() }).describe('what speaks against this way'),
    ),
  }),
  seconds: () => 10,
  async run(desk, { args: [text = ''] }) {
    const cluster = await known(desk);
    const target = targetOf(text, cluster);
    const { vxlanPort: port, advertise } = desk.settings;
    if (target.address === advertise)
      throw new UserError(`${text} is on this host (${target.hostname}): what goes there leaves it by no cable`);
    const { found, by, errors } = await probeFrom(desk, cluster, target);
    const findings = judgeProbe(found, port);
    return {
      lines: probeLines(target, found, findings),
      json: {
        host: { address: target.address, hostname: target.hostname },
        by,
        probed: found,
        findings: findings.map(({ trouble, what, cure }) => ({ code: `probe.${trouble}`, what, cure })),
      },
      exit: findings.length === 0 ? 0 : 1,
      errors,
    };
  },
});

async function known(desk: Desk): Promise<Status> {
  const reading = await readCluster(desk, readStatus);
  if (reading.from === 'nowhere') throw new UserError(`which hosts there are is not known: ${reading.why}`);
  return reading.value;
}

interface Found {
  readonly found: Probed;
  readonly by: 'agent' | 'command';
  readonly errors: readonly string[];
}

async function probeFrom(desk: Desk, cluster: Status, { address }: Target): Promise<Found> {
  try {
    const { hosts } = await desk.ask(probeExchange, { peers: [address] }, PROBE_MS);
    const [found] = hosts;
    if (found === undefined) throw new UserError('the tsoverlay that serves on this host did not say what it found');
    return { found: { ...found, peer: address }, by: 'agent', errors: [] };
  } catch (e) {
    if (!isAway(e)) throw e;
    const [found = { answered: false, peer: address }] = await probeAlone(desk, cluster, [address]);
    return { found, by: 'command', errors: [await desk.away()] };
  }
}
