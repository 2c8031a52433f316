/** `tsoverlay doctor` and hosts whose tsoverlays are not of one release: each is found, and cured by an upgrade. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { RELEASE } from '../../../src/model/cluster/release.js';
import { buildOf, releaseOf } from '../other-build.js';
import { PLUGIN_MAIN } from '../paths.js';
import { Patient } from './patient.js';

/** A node's key is taken within it, and what it says is read; each look takes some seconds. */
const KNOWN_MS = 90_000;

let patient: Patient;
beforeAll(async () => {
  patient = await Patient.boot();
});
afterAll(() => patient?.down());

async function install(on: number, main: string): Promise<void> {
  const { plugin } = patient.lab.host(on);
  await plugin.stop();
  plugin.main = main;
  await plugin.start();
}

it('a healthy host has no finding', () => patient.healthy(1));

it('one host runs another release; the cure, the same on both', async () => {
  await install(2, await releaseOf('0.0.9'));
  await expect
    .poll(() => patient.whats(1), { timeout: KNOWN_MS })
    .toEqual([`cluster.releases: 2 releases are run: 0.0.9 on docker02; ${RELEASE} on docker01`]);
  await install(2, PLUGIN_MAIN);
  await patient.healthy(1);
});

it('a newer release waits with its records for a host that does not read them; the cure, an upgrade there', async () => {
  const next = await buildOf(4);
  await install(2, next);
  await expect
    .poll(() => patient.whats(2), { timeout: KNOWN_MS })
    .toEqual([
      expect.stringMatching(
        /^cluster\.versions: records are written in version 3, not 4, until all hosts read that: docker01 at 10\.0\.0\.60 \(alive, reads 3\)/,
      ),
    ]);
  await install(1, next);
  await patient.healthy(2);
});
