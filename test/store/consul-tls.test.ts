/** Consul over TLS, with certificates that both sides check. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { isStoreError } from '../../src/errors.js';
import type { ConsulTls } from '../../src/store/consul/client.js';
import { ConsulStore } from '../../src/store/consul/consul.js';
import { lookForExposure } from '../../src/store/consul/exposure.js';
import { consulBinary } from '../lab/cache.js';
import { ConsulAgent, freePort } from './consul-agent.js';
import { Watching } from './watching.js';

let agent: ConsulAgent;
let folder: string;
let port: number;
const file = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tsoverlay-tls-'));
  const tls = (...args: string[]) => execa(consulBinary(), ['tls', ...args], { cwd: folder });
  await tls('ca', 'create');
  await tls('cert', 'create', '-server');
  await tls('cert', 'create', '-client');
  port = await freePort();
  const server = 'dc1-server-consul-0';
  agent = await ConsulAgent.make(
    1,
    `ports { https = ${port} } verify_incoming_https = true
     ca_file = "${file('consul-agent-ca.pem')}"
     cert_file = "${file(`${server}.pem`)}"
     key_file = "${file(`${server}-key.pem`)}"`,
  );
  agent.start();
  await agent.leads();
});
afterAll(async () => {
  await agent.remove();
  await rm(folder, { recursive: true });
});

/** Consul's own tool puts localhost and 127.0.0.1 into a server's certificate. */
const connect = (tls: ConsulTls): ConsulStore =>
  new ConsulStore({ servers: [{ host: '127.0.0.1', port }], prefix: 'tsoverlay/', tls });

it('reads, writes and watches', async () => {
  const store = connect({
    ca: await readFile(file('consul-agent-ca.pem')),
    cert: await readFile(file('dc1-client-consul-0.pem')),
    key: await readFile(file('dc1-client-consul-0-key.pem')),
  });
  const watching = new Watching(store, 'w/');
  expect(await store.commit([{ verb: 'create', key: 'w/1', value: 'x' }])).toMatchObject({ ok: true });
  await watching.until((w) => w.content?.['w/1'] === 'x');
  watching.stop();
  await store.close();
});

it.each([
  ['a server that its authority did not sign', async () => ({})],
  ['to be a client without a certificate', async () => ({ ca: await readFile(file('consul-agent-ca.pem')) })],
])('refuses %s', async (_, tls) => {
  const store = connect(await tls());
  const error = await store.get('a').catch((e: unknown) => e);
  expect(isStoreError(error) && error.message).toMatch(`Consul at 127.0.0.1:${port} cannot be reached (`);
  await store.close();
});

it('shows no stranger in where it wants a certificate, though it has no ACLs', async () => {
  const tls = {
    ca: await readFile(file('consul-agent-ca.pem')),
    cert: await readFile(file('dc1-client-consul-0.pem')),
    key: await readFile(file('dc1-client-consul-0-key.pem')),
  };
  expect(await lookForExposure({ servers: [{ host: '127.0.0.1', port }], prefix: 'tsoverlay/', tls })).toEqual(
    new Map(),
  );
});
