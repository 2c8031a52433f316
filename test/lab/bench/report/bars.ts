/** Bar charts as SVG. Pure. */

export interface Bar {
  readonly series: string;
  readonly value: number;
  /** The interval that the value lies in. */
  readonly low: number;
  readonly high: number;
}

export interface Chart {
  readonly title: string;
  readonly groups: readonly { readonly label: string; readonly bars: readonly Bar[] }[];
}

/** Each series' colour; the legend has them in this order. */
export type Palette = Readonly<Record<string, string>>;

const [WIDTH, LABELS, FIGURES] = [560, 200, 40];
const [BAR, GAP, HEAD] = [11, 10, 34];
const LEGEND = 34;

/** Charts below each other in columns; each chart's line at 1 is what its bars are ratios to. */
export function drawing(columns: readonly (readonly Chart[])[], palette: Palette): string {
  const height = LEGEND + Math.max(...columns.map((charts) => charts.reduce((sum, c) => sum + heightOf(c), 0)));
  const width = WIDTH * columns.length;
  const parts = columns.flatMap((charts, column) => {
    let top = LEGEND;
    return charts.map((chart) => {
      const at = `translate(${column * WIDTH} ${top})`;
      top += heightOf(chart);
      return `<g transform="${at}">${drawn(chart, palette)}</g>`;
    });
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`,
    ` font-family="sans-serif" font-size="11" fill="#222">`,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    legend(palette),
    ...parts,
    '</svg>\n',
  ].join('\n');
}

const heightOf = ({ groups }: Chart): number =>
  HEAD + groups.reduce((sum, { bars }) => sum + bars.length * BAR + GAP, 0) + GAP;

function legend(palette: Palette): string {
  let left = 12;
  return Object.entries(palette)
    .map(([series, colour]) => {
      const at = left;
      left += 34 + series.length * 6.2;
      return `<rect x="${at}" y="12" width="12" height="12" fill="${colour}"/>${text(at + 17, 22, series)}`;
    })
    .join('');
}

function drawn({ title, groups }: Chart, palette: Palette): string {
  const most = Math.max(1, ...groups.flatMap(({ bars }) => bars.map(({ high }) => high)));
  const x = (value: number): number => LABELS + (Math.max(0, value) / most) * (WIDTH - LABELS - FIGURES - 12);
  let y = HEAD;
  const rows = groups.map(({ label, bars }) => {
    const middle = y + (bars.length * BAR) / 2 + 4;
    const drawn = bars.map((bar, i) => oneBar(bar, y + i * BAR, x, palette));
    y += bars.length * BAR + GAP;
    return text(LABELS - 8, middle, label, ' text-anchor="end"') + drawn.join('');
  });
  const line = `<path d="M${at(x(1))} ${HEAD - 6}V${y - GAP + 6}" stroke="#222" stroke-dasharray="3 2"/>`;
  return text(12, 20, title, ' font-size="13" font-weight="bold"') + rows.join('') + line;
}

function oneBar({ series, value, low, high }: Bar, y: number, x: (value: number) => number, palette: Palette): string {
  const middle = y + BAR / 2 - 0.5;
  const bar = `<rect x="${LABELS}" y="${y}" width="${at(x(value) - LABELS)}" height="${BAR - 1}" fill="${palette[series] ?? '#888'}"/>`;
  const whisker = `<path d="M${at(x(low))} ${middle}H${at(x(high))}" stroke="#222"/>`;
  return bar + whisker + text(at(x(Math.max(value, high)) + 5), middle + 4, value.toFixed(2));
}

const at = (n: number): number => Number(n.toFixed(1));
const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
const text = (x: number, y: number, words: string, more = ''): string =>
  `<text x="${x}" y="${y}"${more}>${words.replaceAll(/[&<>]/g, (c) => ESCAPES[c] ?? c)}</text>`;
