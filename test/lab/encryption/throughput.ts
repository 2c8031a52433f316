/**
 * `npm run bench:encryption`: what one TCP connection between containers of two hosts gets through on an encrypted network,
 * on a plain one, and on a plain one with ESP set up by hand below it, in one run. Emulated, so only the ratios count.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import * as z from 'zod';
import { run } from '../../kernel/bench.js';
import { median } from '../bench/statistics.js';
import { EncryptedSite } from './encrypted-site.js';
import type { Which } from './wire.js';

const [ROUNDS, SECONDS] = [5, 3];
const report = z.object({ end: z.object({ sum_received: z.object({ bits_per_second: z.number() }) }) });

const site = await EncryptedSite.make();

async function measure(which: Which): Promise<number> {
  const at = (n: number, ...words: string[]) =>
    execa('nsenter', [`--net=${site.hosts[n]?.container(which) ?? ''}`, 'iperf3', ...words]);
  const server = at(1, '-s', '-1');
  await sleep(1_500);
  const { stdout } = await at(0, '-J', '-t', String(SECONDS), '-c', site.address(which, 2));
  await server;
  return report.parse(JSON.parse(stdout)).end.sum_received.bits_per_second / 1e6;
}

/** AES-GCM as the native overlay's `--opt encrypted` has it, for all VXLAN between the two hosts. */
function esp(verb: 'add' | 'delete'): void {
  const [one = '', two = ''] = site.hosts.map(({ address }) => address);
  const key = `0x${'5a'.repeat(20)}`;
  for (const { path, address } of site.hosts) {
    for (const [from, to, spi] of [
      [one, two, '0x100'],
      [two, one, '0x101'],
    ] as const) {
      const state = ['xfrm', 'state', verb, 'src', from, 'dst', to, 'proto', 'esp', 'spi', spi];
      run(
        path,
        'ip',
        ...state,
        ...(verb === 'delete' ? [] : ['mode', 'transport', 'aead', 'rfc4106(gcm(aes))', key, '128']),
      );
      const selector = [
        'src',
        from,
        'dst',
        to,
        'proto',
        'udp',
        'dport',
        '4789',
        'dir',
        from === address ? 'out' : 'in',
      ];
      const template = ['tmpl', 'src', from, 'dst', to, 'proto', 'esp', 'spi', spi, 'mode', 'transport'];
      run(path, 'ip', 'xfrm', 'policy', verb, ...selector, ...(verb === 'delete' ? [] : template));
    }
  }
}

/** What stays of 1500 below ESP. */
const ESP_MTU = 1_400;

const found = { plain: [] as number[], encrypted: [] as number[], esp: [] as number[] };
try {
  for (let round = 0; round < ROUNDS; round++) {
    found.plain.push(await measure('plain'));
    found.encrypted.push(await measure('encrypted'));
    esp('add');
    site.setMtu('plain', ESP_MTU);
    found.esp.push(await measure('plain'));
    site.setMtu('plain', 1_450);
    esp('delete');
  }
} finally {
  site.close();
}
const [plain, encrypted, byHand] = [found.plain, found.encrypted, found.esp].map((all) => median(all));
console.log(
  `medians of ${ROUNDS}: plain ${plain?.toFixed()} Mbit/s, encrypted ${encrypted?.toFixed()}, ESP by hand ${byHand?.toFixed()}`,
);
console.log(
  `encrypted ÷ plain ${((encrypted ?? 0) / (plain ?? 1)).toFixed(3)}, ÷ ESP by hand ${((encrypted ?? 0) / (byHand ?? 1)).toFixed(2)}`,
);
