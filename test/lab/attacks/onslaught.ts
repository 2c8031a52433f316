/** The tests of all floods on one lab: a control first, then each flood with each power, and the rows of docs/attacks.md. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { LabOptions } from '../record.js';
import { assault, type Watched } from './assault.js';
import { Field } from './field.js';
import { CONTROL, type Flood, titleOf } from './floods.js';
import { record } from './record.js';
import { watch } from './watch.js';

/** The slack of a few seconds: see Measure of figures.ts. */
const HURRIED = 5;

export interface Onslaught {
  readonly options: Partial<LabOptions>;
  /** As the table calls the plugin; no row is left where it is absent. */
  readonly plugin?: string;
  readonly floods: readonly Flood[];
  /** Of each flood. */
  readonly seconds: number;
  readonly quietSeconds: number;
  /** True: one quiet time for all of them, not one before each, and times that only tell what is stuck. */
  readonly hurry?: boolean;
  /** Part of a title; the empty one is part of all. */
  readonly only?: string;
}

export function attackWith({ options, plugin, floods, seconds, quietSeconds, hurry, only = '' }: Onslaught): void {
  let field: Field;
  let quiet: Watched;
  let control: Watched | undefined;
  beforeAll(async () => {
    field = await Field.boot(options);
    // Everything has been done once: nothing is measured that only the first container costs.
    await watch(field, 2);
    quiet = await watch(field, quietSeconds);
  });
  afterAll(() => field?.lab.down());
  beforeEach(() => field.restore());

  const all = [CONTROL, ...floods]
    .flatMap((flood) => flood.powers.map((power) => ({ flood, power, title: titleOf(flood, power) })))
    .map((attack, order) => ({ ...attack, order }));
  for (const { flood, power, title, order } of all.filter((a) => a.flood === CONTROL || a.title.includes(only)))
    it(title, { timeout: (seconds + 240) * 1000 }, async () => {
      if (hurry !== true) quiet = await watch(field, quietSeconds);
      const seen = await assault(field, flood, power, seconds, { quiet, control, slack: hurry === true ? HURRIED : 1 });
      if (flood === CONTROL) control = seen.during;
      if (plugin !== undefined) await record(seen, { engine: field.lab.options.engine, plugin, order, seconds });
      expect(seen.failings).toEqual([]);
    });

  it('nothing is left of the networks when they are removed', () => field.site.clear());
}
