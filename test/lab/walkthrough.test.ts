/**
 * The guide, walked on real engines with tsoverlay as a process and as a managed plugin, and once on the driver that it
 * was written for.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Lab } from './lab.js';
import { freshPlugin } from './managed-build.js';
import type { LabOptions } from './record.js';
import { ENDS, NATIVE_TOUR, type Tour, tours } from './tours.js';
import { STEPS, walk } from './walkthrough.js';

function walkOn(title: string, options: Partial<LabOptions>, ways: readonly Tour[]): void {
  describe(title, () => {
    let lab: Lab;
    beforeAll(async () => {
      if (options.managed) await freshPlugin();
      lab = await Lab.boot(options);
    });
    afterAll(() => lab?.down());

    describe.each(ways)('docker network create -d $driver $create', (tour) => {
      for (const step of STEPS)
        it(`${step.id} ${step.title}`, async () => {
          const { problems, evidence } = await walk(step, lab, tour);
          expect(problems, evidence).toEqual([]);
        });
    });
  });
}

for (const engine of ENDS) {
  walkOn(`tsoverlay on Docker ${engine}`, { engine }, tours(engine));
  walkOn(`tsoverlay/driver, a managed plugin, on Docker ${engine}`, { engine, managed: true }, tours(engine));
}

walkOn("Docker's own overlay driver", { engine: '20.10.5', nativeOverlay: true, plugin: false }, [NATIVE_TOUR]);
