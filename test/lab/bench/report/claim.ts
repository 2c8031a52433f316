/** What the README says of speed, in one line. Pure. */
import type { Section } from './report.js';

const [BEGIN, END] = ['<!-- written by npm run bench -->', '<!-- end -->'];

export function claim(sections: readonly Section[]): string {
  const parts = sections.map(({ report: { rival, traffic, times } }) => {
    const name = rival === 'native' ? "Docker's own overlay over Consul (20.10.5)" : "a swarm's overlay (28.5.2)";
    const of = (n: number | undefined): string => n?.toFixed(2) ?? '–';
    const { tcp, udp, one } = traffic;
    const rates = [tcp, udp, one].map((figure) => of(figure.times.accelerated?.value));
    return `${rates.join(', ')} times, and ${of(times.first.times.tsoverlay?.value)} of the time to attach, of ${name}`;
  });
  const run = sections.some(({ around }) => around.quick) ? 'a short run of ' : '';
  return `TCP requests, UDP requests and one TCP stream between hosts with \`ACCELERATE=auto\`: ${parts.join('; ')} (${run}[npm run bench](docs/benchmark.md)).`;
}

/** The document with `line` where its marks are. */
export function filled(document: string, line: string): string {
  const [head, rest] = document.split(BEGIN);
  const tail = rest?.split(END)[1];
  if (head === undefined || tail === undefined) throw new Error(`no ${BEGIN} … ${END} in the document`);
  return [head, BEGIN, '\n', line, '\n', END, tail].join('');
}
