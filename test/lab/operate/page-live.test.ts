/** The page of real hosts: by the admin socket as `ssh -L` brings it, by `tsoverlay ui`, and as a report; with parts dead. */
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, connect as join, type Server } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { overviewExchange } from '../../../src/admin/contract/overview.js';
import { accessibility, look, picture, startBrowser } from '../browser.js';
import { type DockerHost, Lab } from '../lab.js';
import { PLUGIN_MAIN } from '../paths.js';
import { withScratch } from '../scratch.js';
import { within } from '../waiting.js';

const ADMIN = '/run/docker/tsoverlay/admin.sock';
let lab: Lab;
let browser: Browser;
let docker01: DockerHost;
let docker02: DockerHost;
const forwards: Server[] = [];

beforeAll(async () => {
  [lab, browser] = await Promise.all([
    Lab.boot({ hosts: 2, consul: true, durableConsul: true }),
    startBrowser('MAP evil.example 127.0.0.1'),
  ]);
  [docker01, docker02] = [lab.host(1), lab.host(2)];
  await docker01.docker(
    'network',
    'create',
    '-d',
    'tsoverlay',
    '--ipam-driver',
    'tsoverlay',
    '--label',
    'secret=x',
    'shop',
  );
  await docker01.docker('run', '-d', '--name', 'web', '--net', 'shop', 'busybox', 'sleep', '1000');
});
afterAll(async () => {
  for (const forward of forwards) forward.close();
  await browser?.close();
  await lab?.down();
});

/** What `ssh -L <port>:<socket>` does: the port. */
async function forwarded(host: DockerHost): Promise<number> {
  const server = createServer((client) => {
    const socket = join(host.host.path(ADMIN));
    for (const [from, to] of [
      [client, socket],
      [socket, client],
    ] as const)
      from
        .on('error', () => to.destroy())
        .on('close', () => to.destroy())
        .pipe(to);
  });
  forwards.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

const tsoverlay = (host: DockerHost, ...args: readonly string[]) =>
  host.host.attempt(
    ...['env', `CLUSTER_STORE=${lab.consul.url}`, `CLUSTER_ADVERTISE=${host.address}`, process.execPath, PLUGIN_MAIN],
    ...args,
  );
const containers = (page: Page) => page.getByRole('listbox', { name: 'Containers' }).getByRole('option');
const sees = (page: Page, text: string) =>
  within(12_000, `the page says ${text}`, async () =>
    ((await page.locator('body').textContent()) ?? '').includes(text),
  );

describe('the page by the admin socket', () => {
  it('shows what happens on all hosts within seconds, also networks that this one has no part in', async () => {
    const port = await forwarded(docker01);
    const { page, troubles } = await look(browser, `http://localhost:${port}/`);
    await sees(page, 'as docker01 sees it, live');
    await containers(page).filter({ hasText: 'web' }).waitFor();
    await docker02.docker('network', 'create', '-d', 'tsoverlay', '--ipam-driver', 'tsoverlay', 'theirs');
    await docker02.docker('run', '-d', '--name', 'db', '--net', 'theirs', 'busybox', 'sleep', '1000');
    await containers(page).filter({ hasText: 'db' }).filter({ hasText: 'theirs' }).waitFor({ timeout: 10_000 });
    await docker02.docker('rm', '-f', 'db');
    await within(
      10_000,
      'the container is gone from the page',
      async () => (await containers(page).filter({ hasText: 'db' }).count()) === 0,
    );
    expect(await page.locator('body').textContent()).toContain('consul.exposed');
    const fine = page.locator('svg.picture path.way.fine');
    await within(20_000, 'the way to docker02 is probed', async () => (await fine.getAttribute('d')) !== '');
    // Each host is asked what it finds on itself.
    await sees(page, 'on docker02 agent.rows');
    expect(await accessibility(page)).toEqual([]);
    await picture(page, 'live');
    expect(troubles).toEqual([]);
    await page.context().close();
  });

  it('is not for other pages of the web: neither by a name that leads here, nor by a request, nor in a frame', async () => {
    const port = await forwarded(docker01);
    const { page } = await look(browser, `http://evil.example:${port}/`);
    expect(await page.locator('body').textContent()).toMatch(
      /this is served on loopback, and not as .{0,2}evil[.]example/,
    );
    const other = await look(browser, `http://localhost:${port}/v1/status`);
    const tried = await page.evaluate(`Promise.allSettled([
      fetch('http://localhost:${port}/v1/overview').then((r) => r.text()),
      fetch('http://localhost:${port}/v1/ipam/release', { method: 'POST', mode: 'no-cors', body: '{}' }).then((r) => r.type),
      new Promise((resolve, reject) => {
        const source = new EventSource('http://localhost:${port}/v1/overview/events');
        source.onmessage = resolve;
        source.onerror = reject;
      }),
    ])`);
    expect((tried as { status: string }[]).map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected']);
    for (const each of [page, other.page]) await each.context().close();
  });

  it('outlives Consul and the agent: says so, shows what was there, and is back by itself', async () => {
    const port = await forwarded(docker02);
    const { page } = await look(browser, `http://localhost:${port}/`);
    await sees(page, 'as docker02 sees it, live');
    await lab.consul.freeze();
    await sees(page, 'but the store does not answer');
    await containers(page).filter({ hasText: 'web' }).waitFor();
    lab.consul.thaw();
    await docker02.plugin.kill();
    await sees(page, 'the connection is lost');
    await picture(page, 'live-lost');
    await docker02.plugin.start();
    await sees(page, 'as docker02 sees it, live');
    await page.context().close();
  });
});

describe('tsoverlay ui', () => {
  it('says where, serves there, and goes on while the agent is away', async () => {
    const argv = ['env', `CLUSTER_STORE=${lab.consul.url}`, process.execPath, PLUGIN_MAIN, 'ui'];
    await docker02.host.service('ui', argv);
    const said = () =>
      /http:\/\/127\.0\.0\.1:\d+\/[0-9a-f]+\//.exec(readFileSync(docker02.host.log('ui'), 'utf8'))?.[0];
    await within(15_000, 'it says where', async () => said() !== undefined);
    const get = async (path: string) => docker02.run('busybox', 'wget', '-qO-', `${said()}${path}`);
    expect(await get('')).toContain('<title>tsoverlay</title>');
    const whole = overviewExchange.answer.parse(JSON.parse(await get('v1/overview')));
    expect(whole.networks.map(({ name }) => name).sort()).toEqual(['shop', 'theirs']);
    await docker02.plugin.kill();
    const alone = overviewExchange.answer.parse(JSON.parse(await get('v1/overview')));
    expect(alone.findings.map(({ code }) => code)).toEqual(['agent.away']);
    expect(alone.hosts.map(({ name }) => name).sort()).toEqual(['docker01', 'docker02']);
    expect(
      Object.values(alone.members)
        .flat()
        .map(({ names }) => names[0]),
    ).toContain('web');
    await docker02.plugin.start();
    await docker02.host.endService('ui', 'SIGTERM', 5);
  });

  it.each(['0', '65536', 'x', '8080 '])('--port %j is refused in one sentence', async (port) => {
    const { ok, stderr } = await tsoverlay(docker01, 'ui', '--port', port);
    expect([ok, stderr.trim()]).toEqual([false, `tsoverlay: --port is "${port}"; it must be a number from 1 to 65535`]);
  });
});

describe('tsoverlay report --html', () => {
  const written = async (host: DockerHost): Promise<string> => {
    const { ok, stderr } = await tsoverlay(host, 'report', '--html', '--output', '/run/report.html');
    expect([ok, stderr]).toEqual([true, '']);
    const text = readFileSync(host.host.path('/run/report.html'), 'utf8');
    expect(text).toContain('"web"');
    expect(text).not.toContain('secret=x');
    let seen = '';
    // Elsewhere: a browser takes what lies below /proc for text.
    await withScratch(async (folder) => {
      writeFileSync(`${folder}/report.html`, text);
      const { page, troubles } = await look(browser, `file://${folder}/report.html`);
      await containers(page).filter({ hasText: 'web' }).waitFor();
      seen = (await page.locator('body').textContent()) ?? '';
      expect(troubles).toEqual([]);
      await page.context().close();
    });
    return seen;
  };

  it('is the same page with its data in it', async () => {
    const seen = await written(docker01);
    expect(seen).toContain('as docker01 sees it, of ');
    expect(seen).toContain('shop');
  });

  it('is written with the agent dead, and with Consul dead as well, from what the host knew', async () => {
    await docker01.plugin.kill();
    expect(await written(docker01)).toContain('agent.away');
    await lab.consul.kill();
    const began = performance.now();
    expect(await written(docker01)).toContain('agent.away');
    expect(performance.now() - began).toBeLessThan(15_000);
    await lab.consul.start();
    await docker01.plugin.start();
  });
});
