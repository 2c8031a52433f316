/** Containers that the engine could not start while the store or we were away, and will not try again. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { StoreError } from '../../../../src/errors.js';
import { FakeStore } from '../../../fakes/store.js';
import { CLOCK, later, type StoryHost, settle, storyHost } from '../story.js';

let store: FakeStore;
let one: StoryHost;
beforeEach(async () => {
  vi.useFakeTimers({ toFake: [...CLOCK.toFake] });
  store = new FakeStore();
  one = await storyHost(store, '10.0.0.60');
  await one.engine.networkCreate('shop', '172.16.1.0/24');
  for (const name of ['web', 'db']) await one.engine.run(name, 'shop');
  await settle();
});
afterEach(() => {
  one.stop();
  vi.useRealTimers();
});
const starts = () => one.engine.asked.filter((what) => what.startsWith('start'));
const told = () => one.said.filter((line) => /container/.test(line));

it('are started when the engine is back, each once', async () => {
  one.engine.strand('web');
  one.engine.crash();
  await settle();
  expect(starts()).toEqual(['start web']);
  await later(60_000);
  expect(starts()).toEqual(['start web']);
  expect(told()).toEqual(['info: started a container that could not start while the store or tsoverlay was away']);
});

it('whose failure the engine writes down a moment later are found then', async () => {
  one.restarts.kick();
  await later(2_000);
  one.engine.strand('web');
  await later(1_500);
  expect(starts()).toEqual(['start web']);
});

it('are left alone while the store does not answer: each try would cost the engine seconds', async () => {
  store.fail(new StoreError('gone', true));
  one.engine.strand('web');
  one.restarts.kick();
  await later(60_000);
  expect(starts()).toEqual([]);
  store.recover();
  await later(11_000);
  expect(starts()).toEqual(['start web']);
});

it('of which one fails again are started all the same, and that one is left to people', async () => {
  one.engine.strand('web', { trouble: 'no such device' });
  one.engine.strand('db');
  one.restarts.look();
  await settle();
  expect(starts().sort()).toEqual(['start db', 'start web']);
  expect(told()).toEqual([
    'warn: a container could not be started again: no such device',
    'info: started a container that could not start while the store or tsoverlay was away',
  ]);
});

it('whose networks the engine had forgotten are told of: they have no address or alias of their own', async () => {
  one.engine.strand('web', { isForgotten: true });
  one.restarts.look();
  await settle();
  expect(told().at(-1)).toContain('the engine had forgotten the networks of this container');
});

it('are left alone on a host that takes no containers, and started once it takes them again', async () => {
  one.drain.begin();
  await expect(one.engine.run('later', 'shop')).rejects.toThrow(/takes no more containers since \S+Z/);
  one.engine.strand('web');
  one.restarts.look();
  await later(60_000);
  expect(starts()).toEqual([]);
  one.drain.end();
  await settle();
  expect(starts()).toEqual(['start web']);
  await one.engine.run('later', 'shop');
});
