import * as z from 'zod';
import { command } from '../frame/command.js';
import { secondsOf } from '../frame/desk.js';
import { lookAtAgent } from '../reading/agent.js';
import { hostOf, nameOf } from '../reading/containers.js';
import { linkJson, linkLines, withoutAgent } from '../trace/link.js';
import { readScene } from '../trace/scene.js';
import { linksOf } from '../trace/way.js';

export const trace = command({
  usage: 'trace <from> <to>',
  about:
    "a packet's way from a container of this host to another container, name or address: each link as planned, as in the kernel and as in the store, the first break marked with its cure",
  example: 'tsoverlay trace web db',
  takesContainers: true,
  json: z.object({
    network: z.string().describe('its name, or the id of one without'),
    from: z.string(),
    to: z.string(),
    host: z.string().describe('where the other one is'),
    read: z.enum(['store', 'copy']).describe("where records are from; copy: this host's own"),
    links: z.array(linkJson).readonly(),
  }),
  async run(desk, { args: [from = '', to = ''] }) {
    const [scene, agent] = await Promise.all([readScene(desk, from, to), lookAtAgent(desk)]);
    // One that hangs, or refuses, mends what is broken all the same.
    const isServed = !('away' in agent) || (await desk.isServed());
    const away = 'away' in agent ? [agent.away] : [];
    const links = isServed ? linksOf(scene) : withoutAgent(linksOf(scene));
    const { reading, network } = scene;
    const named = network.announced?.name ?? network.id.slice(0, 12);
    const host = hostOf(reading.value, scene.to);
    const isRemote = scene.to.node !== scene.self;
    const broken = links.some(({ ok }) => !ok);
    return {
      lines: [
        `${nameOf(scene.from)} → ${nameOf(scene.to)} (${scene.ip}) on host ${host}, network ${named}`,
        ...(reading.from === 'copy'
          ? [`the store was not read; records are as this host knew them at ${secondsOf(reading.at)}`]
          : []),
        ...linkLines(links),
        ...(broken ? [] : ['nothing is broken on this host']),
        ...(isRemote
          ? [`the other half of the way: tsoverlay trace ${nameOf(scene.to)} ${nameOf(scene.from)}, on that host`]
          : []),
      ],
      json: { network: named, from: nameOf(scene.from), to: nameOf(scene.to), host, read: reading.from, links },
      exit: broken ? 1 : 0,
      errors: [...away, ...(reading.from === 'copy' ? [reading.why] : [])],
    };
  },
});
