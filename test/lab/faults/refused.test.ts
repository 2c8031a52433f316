/** Consul leaves out of its lists, without a word, what a token may not read: nothing may be taken for gone by that. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { consulBinary } from '../cache.js';
import { Lab } from '../lab.js';
import { PLUGIN_MAIN } from '../paths.js';
import { until } from '../process.js';
import { ask } from '../unix-http.js';
import { within } from '../waiting.js';
import { namespaceOf } from '../walkthrough.js';
import { lost } from './scene.js';

const MASTER = '11111111-2222-3333-4444-555555555555';
const ANONYMOUS = '00000000-0000-0000-0000-000000000002';
const FOLDER = '/var/lib/tsoverlay';
const SERVER = {
  addresses: { http: '0.0.0.0 unix:///run/consul.sock' },
  acl: { enabled: true, default_policy: 'allow', tokens: { master: MASTER } },
  performance: { raft_multiplier: 1 },
};
const REFUSED = 'refused the request (403: Permission denied)';

let lab: Lab;
let namespace: string;
const host = () => lab.host(1);
const settings = () => ({ CLUSTER_STORE: lab.consul.url });
const api = async (path: string, body: object) => {
  const answer = await ask(
    host().host.path('/run/consul.sock'),
    `${path}?token=${MASTER}`,
    'PUT',
    JSON.stringify(body),
  );
  if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${answer.body}`);
  return JSON.parse(answer.body) as { ID: string };
};
let policies = 0;
/** From now on those without a token, as the plugin is, may do all but this. */
async function deny(...folders: readonly string[]): Promise<void> {
  const Rules = folders.map((folder) => `key_prefix "tsoverlay/${folder}" { policy = "deny" }`).join('\n');
  const { ID } = await api('/v1/acl/policy', { Name: `p${policies++}`, Rules });
  await api(`/v1/acl/token/${ANONYMOUS}`, { Policies: [{ ID }] });
}
async function startConsul(): Promise<void> {
  const server = ['-server', '-bootstrap-expect=1', '-data-dir', '/var/lib/consul', '-bind', host().address];
  await host().host.service('consul', [consulBinary(), 'agent', ...server, '-config-file', `${FOLDER}/server.json`]);
  await until('a leader', 20, () =>
    api('/v1/acl/policy', { Name: `p${policies++}`, Rules: '' }).then(
      () => true,
      () => false,
    ),
  );
}
const put = (key: string) => api(`/v1/kv/tsoverlay/${key}`, {});
const keys = async (folder: string): Promise<readonly string[]> => {
  const path = `/v1/kv/tsoverlay/${folder}?keys&token=${MASTER}`;
  return JSON.parse((await ask(host().host.path('/run/consul.sock'), path)).body);
};
const log = () => readFile(host().plugin.log(), 'utf8');
const status = () =>
  host().host.attempt(
    ...['env', `CLUSTER_STORE=${lab.consul.url}`, `CLUSTER_ADVERTISE=${host().address}`],
    ...[process.execPath, PLUGIN_MAIN, 'status'],
  );
const links = () => host().run('nsenter', `--net=/run/docker/netns/${namespace}`, 'ip', '-o', 'link');
const attaches = async () => (await host().engine.attempt('run', '--rm', '--net', 'one', 'busybox', 'true')).ok;

beforeAll(async () => {
  lab = await Lab.boot({ hosts: 1, consul: false, plugin: false });
  await host().run('mkdir', '-p', FOLDER);
  await writeFile(host().host.path(`${FOLDER}/server.json`), JSON.stringify(SERVER));
  await startConsul();
  await host().plugin.start(settings());
  await host().docker('network', 'create', '-d', 'tsoverlay', '--ipam-driver', 'tsoverlay', 'one');
  for (const name of ['c1', 'c2'])
    await host().docker('run', '-d', '--name', name, '--net', 'one', 'busybox', 'sleep', '1d');
  namespace = await namespaceOf(host(), 'one');
});
afterAll(() => lab?.down());

it.each(['members/', 'endpoints/'])('a start without leave to read %s removes nothing', async (folder) => {
  const before = await links();
  const address = await host().docker('inspect', '-f', '{{.NetworkSettings.Networks.one.IPAddress}}', 'c2');
  const pings = host().docker('exec', 'c1', 'ping', '-i', '0.1', '-c', '200', address);
  await host().plugin.stop();
  await deny(folder);
  // Nor does it know from before what there was.
  await rm(host().host.path(`${FOLDER}/cluster.json`), { force: true });
  const from = (await log()).length;
  await host().plugin.start(settings());
  await within(10_000, 'the log says why', async () => (await log()).slice(from).includes(REFUSED));
  await sleep(10_000);
  expect(await links()).toBe(before);
  expect(lost(await pings)).toBe(0);
  const { ok, stderr } = await status();
  expect(ok).toBe(false);
  expect(stderr).toContain(REFUSED);
  await deny();
  await within(60_000, 'all is as before', attaches);
  // Links of gone containers are removed when none comes or goes.
  await within(10_000, 'so are the links', async () => (await links()) === before);
});

it('nor does one that loses it while it runs', async () => {
  const before = await links();
  const from = (await log()).length;
  await deny('members/', 'endpoints/', 'networks/', 'nodes/', 'heads/');
  await within(40_000, 'Consul refuses', async () => (await status()).stderr.includes(REFUSED));
  // Watches look again when something changes, and then their lists are empty.
  const [head = ''] = await keys('heads/');
  for (const key of ['networks/x', 'nodes/x', `${head.slice('tsoverlay/'.length)}x`]) await put(key);
  await within(10_000, 'the log says why', async () =>
    (await log()).slice(from).includes('not believed to be gone yet'),
  );
  await sleep(10_000);
  expect(await links()).toBe(before);
  expect((await status()).stderr).toContain(REFUSED);
  await deny();
  await within(60_000, 'all is as before', attaches);
  // Links of gone containers are removed when none comes or goes.
  await within(10_000, 'so are the links', async () => (await links()) === before);
  await within(40_000, 'status has nothing to warn of', async () => (await status()).ok);
});

it('what keeps news away is shown by status, which asks the plugin', async () => {
  const words = 'warning: when this host last asked for news, Consul at 10.0.0.60:8500 cannot be reached';
  expect((await status()).stdout).not.toContain('last asked for news');
  await host().host.endService('consul', 'SIGKILL', 5);
  await within(5_000, 'status says so', async () => (await status()).stdout.includes(words));
  await startConsul();
  await within(10_000, 'it is over', async () => {
    const { ok, stdout } = await status();
    return ok && !stdout.includes('last asked for news');
  });
  await host().plugin.stop();
  expect((await status()).stdout).toContain(
    'tsoverlay does not serve on this host: nobody answers at /run/docker/plugins/',
  );
});
