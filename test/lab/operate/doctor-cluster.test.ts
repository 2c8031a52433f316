/**
 * `tsoverlay doctor --cluster` among hosts of which each of twenty is broken in another way: each is found from one that is
 * well, by its record, by probes or by its own word, and nothing is said of the others. Hosts without an engine, but with
 * the real plugin, kernel and Consul; in two groups, for all of them look at themselves at the same time, on few cores.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { PLUGIN_MAIN } from '../paths.js';
import { newId } from '../scale/engine-networks.js';
import { Site } from '../scale/site.js';
import { networkSpec } from '../scale/stage.js';
import { type Way, waysOf } from './cluster-ways.js';
import { isLabs, report } from './patient.js';

/** All twenty ways at once, for a machine of some cores: `DOCTOR_HOSTS=30`. */
const HOSTS = Number(process.env.DOCTOR_HOSTS ?? 12);
/** The one that asks, and one to which another way leads. */
const WELL = 2;
const GROUPS = Math.ceil(waysOf('').length / (HOSTS - WELL));
/** A session ends 15 s to 30 s after its host; what a host has found out is good for 20 s. */
const SETTLED_MS = 45_000;
/** What a host has found meanwhile it tells when it is asked again. */
const ASKED_MS = 75_000;

const whole = report.extend({
  hosts: z.array(z.object({ hostname: z.string(), said: z.union([report, z.object({ silent: z.string() })]) })),
});
type Findings = z.output<typeof report>['findings'];
/** Reads take their time where so many share the cores. */
const isSlowStore = (code: string, what: string): boolean => code === 'store.consul' && / ms for /.test(what);
const told = (all: Findings): readonly string[] =>
  all.filter((one) => !isLabs(one) && !isSlowStore(one.code, one.what)).map(({ code, what }) => `${code}: ${what}`);

describe.each(Array.from({ length: GROUPS }, (_, i) => i + 1))(`of ${HOSTS} hosts, group %i`, (group) => {
  let site: Site;
  beforeAll(async () => {
    site = await Site.boot(HOSTS, 0, () => {});
    await site.host(1).engine.networks.create(networkSpec('net', '172.16.1.0/24'), newId());
    await site.everywhere('net');
    for (const h of site.hosts) await h.run('net', `on-${h.name}`);
  });
  afterAll(() => site?.down());

  /** What the first host says, and by host what each says of itself. */
  async function examined() {
    const { host } = site.host(1);
    const began = performance.now();
    const env = ['env', `CLUSTER_STORE=${site.consul.url}`, `CLUSTER_ADVERTISE=${host.address}`];
    const { stdout } = await host.attempt(...env, process.execPath, PLUGIN_MAIN, 'doctor', '--cluster', '--json');
    const { findings, hosts } = whole.parse(JSON.parse(stdout));
    const there = hosts.map(
      ({ hostname, said }) => [hostname, 'silent' in said ? [`silent: ${said.silent}`] : told(said.findings)] as const,
    );
    expect((performance.now() - began) / 1_000).toBeLessThan(15);
    const unknown = hosts.map(({ hostname, said }) => [hostname, 'silent' in said ? {} : said.unknown] as const);
    return { here: told(findings), there: new Map(there), unknown: new Map(unknown) };
  }

  it('nothing is said while all are well', async () => {
    await expect
      .poll(
        async () => {
          const { here, there } = await examined();
          return [here, there.size, [...there].filter(([, said]) => said.length > 0)];
        },
        { timeout: ASKED_MS, interval: 2_000 },
      )
      .toEqual([[], HOSTS - 1, []]);
  });

  it('each that is broken is found, and no other', async () => {
    const ways = waysOf(site.host(HOSTS).host.address).slice((group - 1) * (HOSTS - WELL), group * (HOSTS - WELL));
    const broken = new Map<string, Way>();
    for (const [i, way] of ways.entries()) {
      await way.breaks(site.host(i + 2));
      broken.set(site.host(i + 2).name, way);
    }
    await sleep(SETTLED_MS);
    const missed = new Map([...broken].map(([name, { called }]) => [name, called]));
    const falsely: string[] = [];
    let unlooked: ReadonlyMap<string, object> = new Map();
    for (const end = performance.now() + ASKED_MS; missed.size > 0 && performance.now() < end; ) {
      const { here, there, unknown } = await examined();
      unlooked = unknown;
      for (const [name, { who, found }] of broken) {
        const words = who === 'here' ? here : (there.get(name) ?? []);
        if (words.some((one) => new RegExp(found.source.replace('HOST', name)).test(one))) missed.delete(name);
      }
      // Of who is well is said, and he says, nothing but what concerns those that are not.
      const ofOthers = [...there].filter(([name]) => !broken.has(name));
      const all = [...here, ...ofOthers.flatMap(([name, said]) => said.map((one) => `${name}: ${one}`))];
      falsely.push(...all.filter((one) => ![...broken.keys()].some((name) => one.includes(name))));
    }
    const why = [...missed].map(([name, called]) => ({ name, called, unlooked: unlooked.get(name) }));
    expect({ missed: why, falsely }).toEqual({ missed: [], falsely: [] });
  });
});
