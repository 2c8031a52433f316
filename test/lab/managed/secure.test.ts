/** Consul as it is run for production: TLS on both sides, ACLs that deny, and for us the policy of docs/plugin.md. */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { consulBinary } from '../cache.js';
import { guidePolicy } from '../guide.js';
import { ManagedScene } from '../managed-scene.js';
import { until } from '../process.js';

const FOLDER = '/var/lib/tsoverlay';
const [MASTER, TOKEN] = ['11111111-2222-3333-4444-555555555555', '99999999-8888-7777-6666-555555555555'];
const SERVER = {
  ports: { https: 8501 },
  addresses: { https: '0.0.0.0', http: 'unix:///run/consul.sock' },
  ca_file: `${FOLDER}/consul-agent-ca.pem`,
  cert_file: `${FOLDER}/dc1-server-consul-0.pem`,
  key_file: `${FOLDER}/dc1-server-consul-0-key.pem`,
  verify_incoming: true,
  acl: { enabled: true, default_policy: 'deny', tokens: { master: MASTER } },
  performance: { raft_multiplier: 1 },
};

let scene: ManagedScene;
beforeAll(async () => {
  scene = await ManagedScene.boot('28.5.2', { consul: false, plugin: false });
  const { host, address } = scene.lab.host(1);
  const consul = (...args: string[]) =>
    host.run(
      ...['env', 'CONSUL_HTTP_ADDR=unix:///run/consul.sock', `CONSUL_HTTP_TOKEN=${MASTER}`],
      ...['sh', '-c', `cd ${FOLDER} && "$@"`, 'sh', consulBinary(), ...args],
    );
  await host.run('mkdir', '-p', FOLDER);
  await consul('tls', 'ca', 'create');
  await consul('tls', 'cert', 'create', '-server', `-additional-ipaddress=${address}`);
  await consul('tls', 'cert', 'create', '-client');
  await writeFile(host.path(`${FOLDER}/server.json`), JSON.stringify(SERVER));
  const server = ['-server', '-bootstrap-expect=1', '-data-dir', '/var/lib/consul', '-bind', address];
  await host.service('consul', [consulBinary(), 'agent', ...server, '-config-file', `${FOLDER}/server.json`]);
  await until('a leader', 20, () =>
    consul('acl', 'policy', 'create', '-name', 'tsoverlay', '-rules', guidePolicy()).then(
      () => true,
      () => false,
    ),
  );
  await consul('acl', 'token', 'create', '-policy-name', 'tsoverlay', '-secret', TOKEN);
  await scene.lab.host(2).run('mkdir', '-p', FOLDER);
  for (const file of ['consul-agent-ca.pem', 'dc1-client-consul-0.pem', 'dc1-client-consul-0-key.pem'])
    await writeFile(scene.lab.host(2).host.path(`${FOLDER}/${file}`), readFileSync(host.path(`${FOLDER}/${file}`)));
});
afterAll(() => scene?.lab.down());

const settings = (token: string) => ({
  CLUSTER_STORE: 'consul://10.0.0.60:8501',
  CLUSTER_STORE_OPTS: [
    `kv.cacertfile=${FOLDER}/consul-agent-ca.pem`,
    `kv.certfile=${FOLDER}/dc1-client-consul-0.pem`,
    `kv.keyfile=${FOLDER}/dc1-client-consul-0-key.pem`,
    `kv.token=${token}`,
  ].join(','),
});

it('a token that Consul does not know is refused with one sentence that says so', async () => {
  await scene.plugin(1).start(settings('00000000-0000-0000-0000-000000000000'));
  const { ok, stderr } = await scene.lab
    .host(1)
    .engine.attempt('network', 'create', '-d', 'tsoverlay', '--ipam-driver', 'tsoverlay', 'sealed');
  await scene.plugin(1).stop();
  expect(ok).toBe(false);
  expect(stderr.trim().split('\n')).toHaveLength(1);
  expect(stderr).toContain('token');
});

it('with the policy of the guide all works, and no log has the token', async () => {
  for (const host of [1, 2]) await scene.plugin(host).start(settings(TOKEN));
  await scene.furnish();
  await scene.bothAnswer(5_000);
  await scene.docker(1, 'rm -f keep1');
  await scene.docker(2, 'rm -f keep2');
  await scene.docker(2, 'network rm one');
  for (const host of [1, 2]) expect(readFileSync(scene.plugin(host).log(), 'utf8')).not.toContain(TOKEN);
});
