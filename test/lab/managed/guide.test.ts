/** docs/plugin.md from nothing to a network on two hosts, its commands as they are printed; and who reaches what then. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { importConsul } from '../consul-image.js';
import { blocksOf } from '../guide.js';
import { PLUGIN_FOLDER, PLUGIN_NAME } from '../managed-plugin.js';
import { ManagedScene } from '../managed-scene.js';
import { within } from '../waiting.js';

const SCRIPTS = join(import.meta.dirname, '../../../scripts');
const TOKEN = '/var/lib/tsoverlay/token';
/** Where an operator has copied the plugin and its scripts to. */
const DESK = '/var/lib/desk';

let scene: ManagedScene;
const sh = (host: number, script: string) =>
  scene.lab.host(host).run('sh', '-ec', `export BIN=${DESK}; cd ${DESK}\n${script}`);
const fileOf = (host: number, path: string) => readFileSync(scene.lab.host(host).host.path(path), 'utf8');
const tokenOf = (host: number) => fileOf(host, TOKEN).trim();
const log = (host: number) => readFileSync(scene.plugin(host).log(), 'utf8');
const status = async (host: number) =>
  (await scene.lab.host(host).host.attempt('sh', join(SCRIPTS, 'tsoverlay.sh'), 'status')).stdout;

/** There is no ssh in the lab: what it would run elsewhere runs there, with the same input. */
async function follow(host: number, block: string): Promise<void> {
  const remote = /^ssh docker0(\d) '(.*)' <(.*)$/;
  const lines = block.split('\n');
  await sh(host, lines.filter((line) => !remote.test(line)).join('\n'));
  for (const line of lines) {
    const [, other, command = '', input = ''] = remote.exec(line) ?? [];
    if (other !== '2') continue;
    await sh(Number(other), `${command} <<'INPUT'\n${fileOf(host, input)}INPUT`);
  }
}

beforeAll(async () => {
  scene = await ManagedScene.boot('28.5.2', { consul: false, plugin: false });
  for (const { run } of scene.lab.hosts) {
    await run('mkdir', '-p', DESK);
    await run('cp', '-a', PLUGIN_FOLDER, `${DESK}/plugin`);
    await run('cp', join(SCRIPTS, 'install.sh'), join(SCRIPTS, 'tsoverlay.sh'), DESK);
  }
  await importConsul(scene.lab.host(1));
});
afterAll(() => scene?.lab.down());

it('starts Consul, makes the token, installs the plugin on two hosts, and they are one cluster', async () => {
  for (const block of [...blocksOf('Consul'), ...blocksOf('The token')]) await follow(1, block);
  const [install = ''] = blocksOf('The plugin');
  for (const host of [1, 2]) await sh(host, install);
  await scene.furnish();
  await scene.bothAnswer(5_000);
  expect(await status(1)).not.toContain('warning');
  for (const host of [1, 2]) expect(log(host)).not.toMatch(/ACLs|without a token/);
});

it('gives it a token that is enough for a host that is forgotten, and for a store that was wiped', async () => {
  const master = (/^SecretID: +(\S+)$/m.exec(fileOf(1, '/etc/consul-bootstrap')) ?? [])[1];
  const consul = (line: string) => sh(1, `docker exec -e CONSUL_HTTP_TOKEN=${master} consul consul ${line}`);
  await consul('kv delete -recurse tsoverlay/');
  await within(30_000, 'the network is published again', async () =>
    (await status(1)).includes('  one  172.16.5.0/24'),
  );
  await scene.bothAnswer(20_000);
  await scene.docker(2, 'rm -f keep2');
  await scene.plugin(2).stop();
  const forget = await scene.lab
    .host(1)
    .run('sh', join(SCRIPTS, 'tsoverlay.sh'), 'node', 'forget', '10.0.0.61', '--yes');
  expect(forget).toContain('forgot 10.0.0.61');
  await scene.plugin(2).enable();
  // A store that was wiped gives no address for a while.
  await within(60_000, 'keep2 runs again', async () => {
    const attempt = (line: string) => scene.lab.host(2).engine.attempt(...line.split(' '));
    await attempt('rm -f keep2');
    return (await attempt('run -d --restart=always --name keep2 --net one busybox sleep infinity')).ok;
  });
  await scene.bothAnswer(20_000);
});

/** What a container is answered to `PUT` of a key of ours, by each way that it has to the Consul of docker01. */
async function written(host: number, net: string, address: string, header = ''): Promise<string> {
  const request = `PUT /v1/kv/tsoverlay/hello HTTP/1.0\\r\\nHost: c\\r\\n${header}Content-Length: 1\\r\\n\\r\\nx`;
  const script = `(printf '${request}'; sleep 1) | nc -w 3 ${address} 8500 | tr -d '\\r' | sed -n '1p;$p'`;
  return scene.lab.host(host).docker('run', '--rm', '--net', net, 'busybox', 'sh', '-c', script);
}

it('lets no container write, from any network', async () => {
  for (const host of [1, 2])
    for (const net of ['bridge', 'one', 'host'])
      expect(await written(host, net, '10.0.0.60'), `docker0${host} ${net}`).toMatch(/^HTTP\/1\.[01] 403/);
});

it('keeps the token out of logs, status, the list of processes and what the engine tells', async () => {
  await scene.plugin(1).stop();
  await scene.docker(1, `plugin set ${PLUGIN_NAME} LOG_LEVEL=trace`);
  await scene.plugin(1).enable();
  await scene.bothAnswer(20_000);
  const token = tokenOf(1);
  expect(token).toMatch(/^[0-9a-f-]{36}$/);
  const pid = scene.plugin(1).pid();
  const { run } = scene.lab.host(1);
  expect(await run('stat', '-c', '%a', TOKEN, '/var/lib/tsoverlay', `/proc/${pid}/environ`)).toBe('600\n700\n400');
  expect(await run('sh', '-c', "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '")).not.toContain(token);
  expect(await scene.docker(1, `plugin inspect ${PLUGIN_NAME}`)).not.toContain(token);
  expect(await status(1)).not.toContain(token);
  expect(log(1)).not.toContain(token);
});

it('CONSUL_GUARD keeps containers away altogether, on both hosts, and nobody else', async () => {
  for (const host of [1, 2]) {
    await scene.plugin(host).stop();
    await scene.docker(host, `plugin set ${PLUGIN_NAME} CONSUL_GUARD=on`);
    await scene.plugin(host).enable();
  }
  await scene.bothAnswer(20_000);
  await scene.docker(2, 'network create later');
  const bearer = `X-Consul-Token: ${tokenOf(1)}\\r\\n`;
  for (const host of [1, 2]) {
    for (const net of ['bridge', 'one', ...(host === 2 ? ['later'] : [])])
      expect(await written(host, net, '10.0.0.60', bearer), `docker0${host} ${net}`).toBe('');
    expect(await written(host, 'host', '10.0.0.60', bearer)).toMatch(/200 OK\ntrue$/);
  }
  await scene.lab.host(1).run('nft', 'delete', 'table', 'ip', 'tsoverlay-consul');
  await within(5_000, 'the guard is back', async () => (await written(1, 'one', '10.0.0.60', bearer)) === '');
  await scene.docker(2, 'exec keep2 ping -c1 -W1 keep1');
});

it('says that anybody can write once ACLs are off, in the log once and in the status', async () => {
  await scene.docker(1, 'rm -f consul');
  const off = blocksOf('Consul')[0]?.replace(/ \\\n *-hcl '.*'/, '') ?? '';
  expect(off).not.toContain('acl');
  await sh(1, off);
  const words = 'Consul at 10.0.0.60:8500 has its ACLs off, so whoever reaches it can write what tsoverlay keeps there';
  await within(90_000, 'the warning is there', async () => log(2).includes(words));
  expect(await status(2)).toContain(`warning: ${words}`);
  expect(log(2).split(words)).toHaveLength(2);
});
