/** Who answers a container, and why it is that. Pure. */
import type { DnsAnswer } from '../../admin/contract/dns.js';
import type { Heard, Type } from '../../doctor/looks/heard.js';

type Typed = Heard & { readonly type: Type };

export interface Asked {
  readonly name: string;
  readonly container: string;
  readonly heard: readonly Typed[];
  readonly engine: readonly Typed[];
  /** What tsoverlay says of itself; undefined while it is away. */
  readonly ours: DnsAnswer | undefined;
  readonly away: string | undefined;
}

export function whoAnswers({ heard, engine, ours }: Asked): 'tsoverlay' | 'engine' | 'nobody' {
  const said = (all: readonly Typed[]) => all.flatMap(({ answers }) => answers);
  if (!heard.some(({ isAnswer }) => isAnswer)) return 'nobody';
  if (ours?.answers) return 'tsoverlay';
  // Names of addresses are not looked up there.
  if (said(heard).length > 0 && said(engine).length === 0) return 'tsoverlay';
  return 'engine';
}

const shownOf = ({ type, answers, outcome }: Typed): string =>
  `${type} ${answers.length > 0 ? answers.join(' ') : outcome === 'NOERROR' ? 'nothing' : outcome}`;

export function whyLines(asked: Asked): readonly string[] {
  const { name, container, heard, engine, ours, away } = asked;
  const by = { tsoverlay: 'tsoverlay', engine: "the engine's own resolver", nobody: 'nobody' }[whoAnswers(asked)];
  return [
    `${name}, asked by ${container} at 127.0.0.11: ${heard.map(shownOf).join(', ')}`,
    `answered by ${by}`,
    ...(away === undefined ? [] : [`why: ${away}; meanwhile the engine's own resolver answers`]),
    ...(ours === undefined ? [] : reasons(ours)),
    `the engine's own resolver alone: ${engine.map(shownOf).join(', ')}`,
  ];
}

function reasons({ serving, zones, answers }: DnsAnswer): readonly string[] {
  if (serving === 'no') return ['why: this container is on no network of tsoverlay here, so it has no resolver of it'];
  const first = zones.find(({ addresses, linked }) => addresses.length > 0 || linked !== undefined);
  return [
    ...(serving === 'not yet'
      ? [
          "why: its resolver does not stand (tsoverlay status has its row), or it has asked for more than its share; the engine's answers",
        ]
      : []),
    ...zones.map((zone) => {
      const { network, linked, addresses } = zone;
      const has = addresses.length > 0 ? `has it: ${addresses.join(' ')}` : 'does not have it';
      const link = linked === undefined ? '' : `, by a link to ${linked}`;
      return `network ${network || '(its name is not known yet)'} ${has}${link}${zone === first && answers !== null ? ' ← this one answers' : ''}`;
    }),
    ...(answers === null
      ? ['no network of the container has the name: it is left to the engine, and by it to the world']
      : []),
  ];
}
