/** `npm run demo`: the guide live on two real Docker hosts. The lab stays up to look around in. */
import { Command, Option } from 'commander';
import { type EngineVersion, fillCache } from './cache.js';
import { makeImage } from './image.js';
import { Lab } from './lab.js';
import { freshPlugin } from './managed-build.js';
import { LAB_NAME } from './paths.js';
import { SUPPORTED, type Tour, tours } from './tours.js';
import { STEPS, walk } from './walkthrough.js';
import type { Finding } from './witness.js';

interface Row {
  readonly id: string;
  readonly title: string;
  readonly finding: Finding;
}

const ok = ({ problems }: Finding): boolean => problems.length === 0;
const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(1)} s`;
const indent = (text: string): string => text.replace(/^/gm, '      ');

async function walkAll(lab: Lab, tour: Tour): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const { id, title, ...step } of STEPS) {
    const since = performance.now();
    process.stdout.write(`${id.padEnd(4)} ${title} …`);
    const finding = await walk({ id, title, ...step }, lab, tour);
    console.log(` ${ok(finding) ? 'ok' : 'FAILED'}, ${seconds(since)}`);
    console.log(indent([finding.evidence, ...finding.problems.map((p) => `!!! ${p}`)].join('\n')));
    rows.push({ id, title, finding });
  }
  return rows;
}

function table(title: string, rows: readonly Row[]): void {
  console.log(`\n${title}`);
  for (const { id, title: step, finding } of rows) {
    const facts = ok(finding) ? [...new Set(finding.facts)] : finding.problems;
    console.log(`${ok(finding) ? ' ok ' : 'FAIL'} ${id.padEnd(4)} ${step}: ${facts.join(', ')}`);
  }
}

const { engine, managed } = new Command('demo')
  .addOption(new Option('--engine <version>', 'version of Docker').choices(SUPPORTED).default('28.5.2'))
  .option('--managed', 'tsoverlay as a managed plugin of the engine, not as a process', false)
  .parse()
  .opts<{ engine: EngineVersion; managed: boolean }>();

const since = performance.now();
await Promise.all([fillCache([engine], console.log), makeImage(console.log)]);
if (managed) await freshPlugin(console.log);
console.log(
  `booting docker01 (10.0.0.60, with Consul) and docker02 (10.0.0.61), Docker ${engine}, ${managed ? 'tsoverlay/driver installed' : 'tsoverlay'} on both …`,
);
const lab = await Lab.boot({ name: LAB_NAME, keep: true, engine, managed });
console.log(`up after ${seconds(since)}\n`);

const [cluster, plain] = tours(engine);
const first = await walkAll(lab, cluster);
console.log("\nAnd once more with the engine's own IPAM driver:\n");
const second = await walkAll(lab, plain);

table(`docker network create -d tsoverlay ${cluster.create} …`, first);
table('docker network create -d tsoverlay …', second);
const failed = [...first, ...second].filter(({ finding }) => !ok(finding)).length;
console.log(`\n${failed === 0 ? 'all steps as the guide shows them' : `${failed} steps failed`}, ${seconds(since)}`);
console.log(`
The lab stays up. Look around:
  npm run lab -- status
  npm run lab -- docker docker02 network ls
  npm run lab -- docker docker01 exec overlay1 ping -c 2 overlay2
  npm run lab -- sh docker01
  npm run lab -- plugin docker01 logs
and remove it with
  npm run lab -- down`);
process.exitCode = failed === 0 ? 0 : 1;
