import { writeFileSync } from 'node:fs';
import * as z from 'zod';
import { messageOf, UserError } from '../../errors.js';
import { command } from '../frame/command.js';
import { reportPage } from '../page/report-page.js';

export const report = command({
  usage: 'report',
  about: 'write what this host knows of the cluster into a file: the page of `tsoverlay ui`, with its data in it',
  example: 'tsoverlay report --html cluster.html',
  options: [{ flags: '--html <file>', about: 'where to; it needs nothing else to be looked at' }],
  json: z.object({ html: z.string() }),
  seconds: () => 10,
  async run(desk, { options: { html } }) {
    if (typeof html !== 'string') throw new UserError('report writes a file: say which by --html cluster.html');
    const page = await reportPage(desk);
    try {
      // Addresses and names of all containers are in it.
      writeFileSync(html, page, { mode: 0o600 });
    } catch (e) {
      throw new UserError(`--html is "${html}", which cannot be written: ${messageOf(e)}`);
    }
    return { lines: [`${html} has the page; it has names and addresses, and no token`], json: { html }, exit: 0 };
  },
});
