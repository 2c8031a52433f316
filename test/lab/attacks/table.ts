/** The figures of all floods as Markdown. Pure. */
import { P99_US } from './figures.js';
import type { Row } from './record.js';

const HEAD =
  '| flood | strikes a second | memory, MiB | names p50, ms | names p99, ms | before | packets lost | docker run | FDB learned | held |';
const RULE = '|---|---|---|---|---|---|---|---|---|---|';

/** Tables with a heading each, by engine and plugin; of both hosts where a cell has two figures. */
export function tables(all: readonly Row[]): string {
  const kinds = [...new Set(all.map(headingOf))].sort().reverse();
  return kinds
    .map((kind) => {
      const own = all.filter((row) => headingOf(row) === kind);
      return [`## ${kind}`, '', HEAD, RULE, ...own.map(line), '', ''].join('\n');
    })
    .join('');
}

const headingOf = ({ engine, plugin, seconds }: Row): string =>
  `Docker ${engine}, tsoverlay as a ${plugin === 'managed' ? 'managed plugin' : plugin}, ${seconds} s each`;

function line({ title, strikes, learned, hosts, failings }: Row): string {
  const both = (figure: (of: Row['hosts'][number]) => string) => hosts.map(figure).join(' / ');
  const cells = [
    title,
    strikes < 10 ? strikes.toFixed(1) : Math.round(strikes).toLocaleString('en'),
    both((h) => `${h.rss < 0 ? '−' : '+'}${Math.abs(h.rss).toFixed(0)}`),
    both((h) => h.p50.toFixed(1)),
    both((h) => h.p99.toFixed(1)),
    both((h) => h.quietP99.toFixed(1)),
    both((h) => String(h.lost ?? '–')),
    both((h) => (h.runs === 0 ? '–' : `${h.ratio.toFixed(2)} ×`)),
    String(learned),
    held(failings, hosts),
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
}

/** Where the machine was so busy without the attack that twice that is above what is promised, the row says so. */
function held(failings: Row['failings'], hosts: Row['hosts']): string {
  if (failings.length > 0) return `**no**: ${failings.join('; ')}`;
  const promised = P99_US / 1000;
  return hosts.every(({ p99 }) => p99 < promised)
    ? 'yes'
    : `yes, on a busy machine: p99 of names not below ${promised} ms`;
}
