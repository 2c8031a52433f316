/** Networks are pruned on a host while containers of another one come and go on them: nobody is told that it is gone. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { OURS, Site } from './site.js';

let site: Site;
beforeAll(async () => {
  site = await Site.boot();
});
afterAll(() => site?.lab.down());

it('docker run never fails while another host prunes what it uses', async () => {
  await site.network('one', OURS);
  await site.run(1, 'stays', '--net one');
  let ended = false;
  const prunes = (async () => {
    let count = 0;
    for (; !ended; count++) await site.docker(2, 'network prune -f');
    return count;
  })();
  const failures: string[] = [];
  for (let n = 0; n < 20; n++) {
    const { ok, stderr } = await site.lab.host(1).engine.attempt('run', '--rm', '--net', 'one', 'busybox', 'true');
    if (!ok) failures.push(stderr);
  }
  ended = true;
  expect(await prunes).toBeGreaterThan(5);
  expect(failures).toEqual([]);
  await site.has(2, 'one');
  await site.clear();
});
