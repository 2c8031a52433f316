import { writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import * as z from 'zod';
import { messageOf, UserError } from '../../errors.js';
import { hostnameOf } from '../../model/values/shapes.js';
import { command } from '../frame/command.js';
import { ipamCheck } from './ipam-check.js';
import { status } from './status.js';

export const report = command({
  usage: 'report',
  about: 'one file for a bug report: status, events, records, kernel; without tokens, keys and labels',
  example: 'tsoverlay report --output /tmp/report.tar',
  options: [
    { flags: '--output <file>', about: 'where to; - is standard output; by default a file with the time in its name' },
  ],
  json: z.object({
    file: z.string().describe('- where it went to standard output'),
    bytes: z.int(),
    files: z.record(z.string(), z.int()).describe('what is in it, with the length of each'),
  }),
  seconds: () => 15,
  async run(desk, { options: { output, json: isJson } }) {
    if (output === '-' && (isJson === true || process.stdout.isTTY))
      throw new UserError('a tar file is nothing for a terminal, nor beside JSON; say --output FILE');
    const [{ bundle }, { tarOf }] = await Promise.all([import('../report/bundle.js'), import('../report/tar.js')]);
    const name = `tsoverlay-${hostnameOf(hostname())}-${new Date().toISOString().replace(/[-:]|\.\d+/g, '')}`;
    const file = typeof output === 'string' ? output : `${name}.tar`;
    const files = await bundle(desk, { 'status.txt': status, 'ipam.txt': ipamCheck });
    const tar = await tarOf(name, files);
    const json = {
      file,
      bytes: tar.length,
      files: Object.fromEntries(Object.entries(files).map(([n, text]) => [n, text.length])),
    };
    if (file === '-') {
      process.stdout.write(tar);
      return { lines: [], json, exit: 0 };
    }
    try {
      writeFileSync(file, tar, { mode: 0o600 });
    } catch (e) {
      throw new UserError(`the report cannot be written to ${file}: ${messageOf(e)}; say --output FILE`);
    }
    return {
      lines: [
        `${file}: ${tar.length} bytes; tokens, keys and labels are left out, but look through it before you send it`,
      ],
      json,
      exit: 0,
    };
  },
});
