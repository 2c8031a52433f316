import * as z from 'zod';
import { dnsExchange } from '../../admin/contract/dns.js';
import { askAsContainer, askEngineAlone } from '../../doctor/looks/asking.js';
import type { Heard, Type } from '../../doctor/looks/heard.js';
import { UserError } from '../../errors.js';
import { isIp } from '../../model/values/address.js';
import { isName } from '../dns/name.js';
import { reverseName } from '../dns/reverse.js';
import { type Asked, whoAnswers, whyLines } from '../dns/why.js';
import { command } from '../frame/command.js';
import type { Desk } from '../frame/desk.js';
import { readRecords } from '../ipam/reading.js';
import { lookAtAgent } from '../reading/agent.js';
import { readCluster } from '../reading/cluster.js';
import { nameOf, ownMemory, ownPlaces } from '../reading/containers.js';

const heard = z.object({
  type: z.enum(['A', 'AAAA', 'PTR']),
  answers: z.array(z.string()).readonly(),
  outcome: z.string().describe('NOERROR, NXDOMAIN, …; why there is no answer, where there is none'),
  isAnswer: z.boolean(),
});

export const dns = command({
  usage: 'dns <name>',
  about:
    'what a container of this host is answered for a name or an address, from whom (tsoverlay or the engine), and why',
  example: 'tsoverlay dns db --from web',
  takesContainers: true,
  options: [{ flags: '--from <container>', about: 'the container that asks' }],
  json: z.object({
    container: z.string(),
    heard: z.array(heard).readonly().describe('as a program in the container is answered'),
    engine: z.array(heard).readonly().describe("as the engine's own resolver would answer it alone"),
    tsoverlay: dnsExchange.answer.nullable().describe('what tsoverlay itself says, and why; null while it is away'),
    by: z.enum(['tsoverlay', 'engine', 'nobody']),
    away: z.string().optional(),
  }),
  async run(desk, { args: [name = ''], options: { from } }) {
    if (typeof from !== 'string') throw new UserError('say which container asks: tsoverlay dns NAME --from CONTAINER');
    if (!isName(name))
      throw new UserError(`"${name}" is nothing that can be asked for: a name has parts of 1 to 63 bytes, 253 in all`);
    const { container, sandbox } = await asker(desk, from);
    const types: readonly Type[] = isIp(name) ? ['PTR'] : ['A', 'AAAA'];
    const typed = isIp(name) ? reverseName(name) : name;
    const each = (how: (sandbox: string, name: string, type: Type) => Promise<Heard>) =>
      Promise.all(types.map(async (type) => ({ type, ...(await how(sandbox, typed, type)) })));
    const [told, engine, ours] = await Promise.all([
      each(askAsContainer),
      each(askEngineAlone),
      explained(desk, sandbox, name),
    ]);
    const asked: Asked = {
      name,
      container,
      heard: told,
      engine,
      ours: 'away' in ours ? undefined : ours,
      away: 'away' in ours ? ours.away : undefined,
    };
    const by = whoAnswers(asked);
    const isAnswered = told.some(({ answers }) => answers.length > 0);
    return {
      lines: whyLines(asked),
      json: {
        container,
        heard: told,
        engine,
        tsoverlay: asked.ours ?? null,
        by,
        ...(asked.away === undefined ? {} : { away: asked.away }),
      },
      exit: isAnswered && asked.away === undefined ? 0 : 1,
    };
  },
});

async function asker(desk: Desk, from: string): Promise<{ readonly container: string; readonly sandbox: string }> {
  const reading = await readCluster(desk, readRecords);
  if (reading.from === 'nowhere') throw new UserError(`the cluster cannot be read: ${reading.why}`);
  const { node, sandboxes } = ownMemory(desk);
  for (const { endpoint } of ownPlaces(reading.value, node?.id, from)) {
    const sandbox = sandboxes.get(endpoint.id);
    if (sandbox !== undefined) return { container: nameOf(endpoint), sandbox };
  }
  throw new UserError(`where the namespace of container "${from}" is, the engine has not told; is it running?`);
}

async function explained(desk: Desk, sandbox: string, name: string) {
  try {
    return await desk.ask(dnsExchange, { sandbox, name });
  } catch {
    const agent = await lookAtAgent(desk);
    return { away: 'away' in agent ? agent.away : 'tsoverlay on this host does not say what it answers' };
  }
}
