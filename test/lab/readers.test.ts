/** A user of the host who is neither root nor in the engine's group gets nothing out of the plugin. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { lines, OURS, Site } from './options/site.js';

let site: Site;
beforeAll(async () => {
  site = await Site.boot({ hosts: 1 });
  await site.docker(1, `network create ${OURS} one`);
  await site.run(1, 'c1', '--net one');
});
afterAll(() => site?.lab.down());

const find = async (user: number, ...what: string[]) => {
  const as = ['setpriv', '--reuid', String(user), '--regid', String(user), '--clear-groups'];
  return lines((await site.lab.host(1).host.attempt(...as, 'find', ...what)).stdout);
};

it.each([
  ['files of the host to read', ['/var/lib/tsoverlay', '-type', 'f', '-readable']],
  ['files of the host to write', ['/var/lib/tsoverlay', '-type', 'f', '-writable']],
  ['sockets to talk to', ['/run/docker/plugins', '-type', 's', '-writable']],
])('nobody has no %s, root has', async (_, what) => {
  expect(await find(65534, ...what)).toEqual([]);
  expect(await find(0, ...what)).not.toEqual([]);
});

it('the socket is root’s alone wherever it is reached from', async () => {
  const socket = '/run/docker/plugins/tsoverlay.sock';
  expect(await site.lab.host(1).run('stat', '-c', '%A %U', socket)).toBe('srw------- root');
});
