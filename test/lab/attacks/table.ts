/** The figures of all floods as Markdown. Pure. */
import type { Row } from './record.js';

const HEAD =
  '| flood | strikes a second | memory, MiB | names p50, ms | names p99, ms | before | docker run | FDB learned | held |';
const RULE = '|---|---|---|---|---|---|---|---|---|';

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
    both((h) => (h.runs === 0 ? '–' : `${h.ratio.toFixed(2)} ×`)),
    String(learned),
    failings.length === 0 ? 'yes' : `**no**: ${failings.join('; ')}`,
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
}
