/** `tsoverlay doctor` and a Consul with ACLs: a policy that gives tsoverlay's token too little is found, and cured by the guide's. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { consulBinary } from '../cache.js';
import { Consul } from '../consul.js';
import { guidePolicy } from '../guide.js';
import { Lab } from '../lab.js';
import { until } from '../process.js';
import { Patient } from './patient.js';

const [MASTER, TOKEN] = ['11111111-2222-3333-4444-555555555555', '99999999-8888-7777-6666-555555555555'];
const ACLS = `acl { enabled = true default_policy = "deny" tokens { master = "${MASTER}" } }`;

let patient: Patient;
beforeAll(async () => {
  const lab = await Lab.boot({ hosts: 2, consul: false, plugin: false });
  const { host } = lab.host(1);
  await new Consul(host, true, ['-hcl', ACLS]).start();
  await until('a leader', 20, () => acl(lab, 'policy', 'create', '-name', 'tsoverlay', '-rules', guidePolicy()));
  await acl(lab, 'token', 'create', '-policy-name', 'tsoverlay', '-secret', TOKEN);
  const settings = { CLUSTER_STORE: lab.consul.url, CLUSTER_STORE_OPTS: `kv.token=${TOKEN}` };
  await Promise.all(lab.hosts.map(({ plugin }) => plugin.start(settings)));
  patient = await Patient.of(lab);
});
afterAll(() => patient?.down());

async function acl(lab: Lab, ...words: readonly string[]): Promise<boolean> {
  const env = ['env', 'CONSUL_HTTP_ADDR=unix:///run/consul.sock', `CONSUL_HTTP_TOKEN=${MASTER}`];
  return (await lab.host(1).host.attempt(...env, consulBinary(), 'acl', ...words)).ok;
}
const give = (rules: string) => acl(patient.lab, 'policy', 'update', '-name', 'tsoverlay', '-rules', rules);
const OPTIONS = [`CLUSTER_STORE_OPTS=kv.token=${TOKEN}`];
const whats = () => patient.whats(1, OPTIONS);
const healthy = () => expect.poll(whats, { timeout: 60_000, interval: 1_000 }).toEqual([]);

it('with the policy of the guide a healthy host has no finding', healthy);

it.each([
  ['leases', `${guidePolicy()}\nkey_prefix "tsoverlay/addresses/" { policy = "read" }`, 'tsoverlay/addresses/'],
  ['sessions', guidePolicy().replace(/session_prefix[^}]*}/, ''), 'sessions'],
])('the token may not write %s; the cure, the policy of the guide', async (_, rules, denied) => {
  expect(await give(rules)).toBe(true);
  await expect
    .poll(whats, { timeout: 20_000 })
    .toContainEqual(expect.stringContaining(`store.rights: the token may not write ${denied}`));
  expect(await give(guidePolicy())).toBe(true);
  await healthy();
});
