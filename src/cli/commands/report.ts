import { writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import * as z from 'zod';
import { messageOf, UserError } from '../../errors.js';
import { hostnameOf } from '../../model/values/shapes.js';
import { command } from '../frame/command.js';
import type { Desk } from '../frame/desk.js';
import { doctor } from './doctor.js';
import { ipamCheck } from './ipam-check.js';
import { status } from './status.js';

export const report = command({
  usage: 'report',
  about: 'one file for a bug report: status, events, records, kernel; without tokens, keys and labels',
  example: 'tsoverlay report --output /tmp/report.tar',
  options: [
    { flags: '--html', about: 'the page of `tsoverlay ui` instead, as one file with its data in it' },
    { flags: '--output <file>', about: 'where to; - is standard output; by default a file with the time in its name' },
  ],
  json: z.object({
    file: z.string().describe('- where it went to standard output'),
    bytes: z.int(),
    files: z.record(z.string(), z.int()).describe('what is in it, with the length of each; none in a page'),
  }),
  seconds: () => 15,
  async run(desk, { options: { html, output, json: isJson } }) {
    const isPage = html === true;
    if (output === '-' && (isJson === true || process.stdout.isTTY))
      throw new UserError(
        `a ${isPage ? 'page' : 'tar file'} is nothing for a terminal, nor beside JSON; say --output FILE`,
      );
    const name = `tsoverlay-${hostnameOf(hostname())}-${new Date().toISOString().replace(/[-:]|\.\d+/g, '')}`;
    const file = typeof output === 'string' ? output : `${name}.${isPage ? 'html' : 'tar'}`;
    const { content, files } = isPage ? await page(desk) : await archive(desk, name);
    const json = { file, bytes: content.length, files };
    if (file === '-') {
      process.stdout.write(content);
      return { lines: [], json, exit: 0 };
    }
    try {
      writeFileSync(file, content, { mode: 0o600 });
    } catch (e) {
      throw new UserError(`the report cannot be written to ${file}: ${messageOf(e)}; say --output FILE`);
    }
    const words = 'tokens, keys and labels are left out, but look through it before you send it';
    return { lines: [`${file}: ${content.length} bytes; ${words}`], json, exit: 0 };
  },
});

interface Contents {
  readonly content: Buffer;
  /** What is in it, with the length of each. */
  readonly files: Readonly<Record<string, number>>;
}

async function archive(desk: Desk, name: string): Promise<Contents> {
  const [{ bundle }, { tarOf }] = await Promise.all([import('../report/bundle.js'), import('../report/tar.js')]);
  const files = await bundle(desk, { 'status.txt': status, 'doctor.txt': doctor, 'ipam.txt': ipamCheck });
  const lengths = Object.entries(files).map(([file, text]) => [file, text.length]);
  return { content: await tarOf(name, files), files: Object.fromEntries(lengths) };
}

async function page(desk: Desk): Promise<Contents> {
  const { reportPage } = await import('../page/report-page.js');
  return { content: Buffer.from(await reportPage(desk)), files: {} };
}
