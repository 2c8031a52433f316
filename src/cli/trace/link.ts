/** The links of a packet's way from one container to another: as the plan has each, as the kernel, as the store. */
import * as z from 'zod';

export const linkJson = z.object({
  link: z.enum(['name', 'address', 'card', 'route', 'port', 'neighbour', 'fdb', 'vtep', 'guard', 'peer']),
  planned: z.string().describe('as it should be'),
  kernel: z.string().optional().describe('as it is on this host; absent where it does not depend on its kernel'),
  store: z.string().optional().describe('as the cluster has it'),
  ok: z.boolean(),
  cure: z.string().optional().describe('what to do, where it is not as it should be'),
});
export type Link = z.output<typeof linkJson>;

/** What tsoverlay keeps right comes back by itself; who reads this has waited for that. */
export const OURS_TO_MEND =
  'tsoverlay mends this within seconds; if it stays, tsoverlay status and events say why, and a restart of tsoverlay looks at all anew';

/** The same while nobody serves there. */
const OURS_ONCE_THERE = 'start tsoverlay on this host: it mends this at once; while it is away nobody does';

/** As they are while nobody serves on this host. */
export const withoutAgent = (links: readonly Link[]): readonly Link[] =>
  links.map((l) => (l.cure === OURS_TO_MEND ? { ...l, cure: OURS_ONCE_THERE } : l));

export interface Found {
  readonly planned: string;
  readonly kernel?: string;
  readonly store?: string;
  readonly ok: boolean;
  readonly cure?: string;
}

export const link = (name: Link['link'], { cure, ...found }: Found): Link => ({
  link: name,
  ...found,
  ...(found.ok || cure === undefined ? {} : { cure }),
});

const TITLES: Readonly<Record<Link['link'], string>> = {
  name: 'name → address',
  address: 'lease of the address',
  card: "the container's card",
  route: "the container's route",
  port: 'veth pair and bridge',
  neighbour: 'neighbour (address → MAC)',
  fdb: 'FDB (MAC → host)',
  vtep: 'VTEP of the other host',
  guard: "the other host's way in here",
  peer: 'the other end',
};

/** A line for each link; the first one that is broken is marked, with its cure below. */
export function linkLines(links: readonly Link[]): readonly string[] {
  const first = links.find(({ ok }) => !ok);
  return links.flatMap((l) => {
    const { planned, kernel, store, ok, cure } = l;
    const parts = [
      `planned ${planned}`,
      ...(kernel === undefined ? [] : [`kernel ${kernel}`]),
      ...(store === undefined ? [] : [`store ${store}`]),
    ];
    const mark = ok ? 'ok    ' : l === first ? 'BREAK ' : 'broken';
    const line = `${mark} ${TITLES[l.link].padEnd(28)} ${parts.join('; ')}`;
    return cure === undefined ? [line] : [line, `       cure: ${cure}`];
  });
}
