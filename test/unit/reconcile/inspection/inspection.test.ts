/** What is not as planned: told when it stays, and nothing is changed by looking. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { HostStep } from '../../../../src/model/host/host-steps.js';
import { stepWords } from '../../../../src/reconcile/inspection/words.js';
import { cluster, endpoint, HOST1, HOST2, network, networkId } from '../../model/fixtures.js';
import { NAMESPACE, NetworkStory } from '../host/network-story.js';

const [OWN, OTHER] = [endpoint(1, HOST1), endpoint(2, HOST2)];
const NEIGHBOUR = `vxlan0 ${OTHER.addresses[0]?.split('/')[0]}`;

let story: NetworkStory;
beforeEach(async () => {
  vi.useFakeTimers();
  story = new NetworkStory(cluster([network()], [OWN, OTHER]));
  await story.start();
  story.join(OWN.id);
  await story.settle();
  story.done();
});
afterEach(() => {
  story.stop();
  vi.useRealTimers();
});

const look = async () => {
  const looking = story.inspection?.look();
  await vi.advanceTimersByTimeAsync(4_000);
  return looking;
};
const neighbours = () => story.kernel.spaces.get(NAMESPACE)?.neighbours;
const NONE = { found: [], more: 0, unseen: 0 };

it('as it was made: none, with two looks', async () => {
  const { all } = story.kernel.looks;
  expect(await look()).toEqual(NONE);
  expect(story.kernel.looks.all).toBe(all + 2);
});

it('an entry that leads elsewhere, without a word of the kernel, is found and left as it is', async () => {
  neighbours()?.set(NEIGHBOUR, '02:00:00:00:00:99');
  expect(await look()).toEqual({
    ...NONE,
    found: [
      {
        where: networkId(1),
        about: 'entry',
        what: `neighbour ${NEIGHBOUR.slice(7)} on vxlan0 should be ${OTHER.mac}: MAC is 02:00:00:00:00:99`,
      },
    ],
  });
  expect(story.done()).toEqual([]);
});

it('what is mended between the looks is none', async () => {
  neighbours()?.delete(NEIGHBOUR);
  const looking = story.inspection?.look();
  await vi.advanceTimersByTimeAsync(1_000);
  neighbours()?.set(NEIGHBOUR, OTHER.mac);
  await vi.advanceTimersByTimeAsync(3_500);
  expect(await looking).toEqual(NONE);
});

it('what is broken again and again is found, though it was whole when somebody looked', async () => {
  const looking = story.inspection?.look();
  await vi.advanceTimersByTimeAsync(500);
  neighbours()?.delete(NEIGHBOUR);
  await vi.advanceTimersByTimeAsync(1_000);
  neighbours()?.set(NEIGHBOUR, OTHER.mac);
  await vi.advanceTimersByTimeAsync(2_000);
  neighbours()?.delete(NEIGHBOUR);
  await vi.advanceTimersByTimeAsync(2_000);
  expect((await looking)?.found).toHaveLength(1);
});

it('who asks meanwhile gets the same answer', async () => {
  const [one, two] = [story.inspection?.look(), story.inspection?.look()];
  expect(one).toBe(two);
  await vi.advanceTimersByTimeAsync(3_000);
});

it('devices, and the host’s own parts', async () => {
  const vxlan = story.kernel.spaces.get(NAMESPACE)?.links.get('vxlan0');
  if (vxlan !== undefined) vxlan.mtu = 1_000;
  const due: HostStep = { kind: 'removeVxlanGuard', reason: 'not wanted', prune: true };
  story.hostDifferences = new Map([['vxlanGuard', [due]]]);
  expect((await look())?.found.map(({ where, about, what }) => `${where.slice(-5)} ${about} ${what}`)).toEqual([
    'host device vxlanGuard: remove vxlan guard is due: not wanted',
    '00001 device set mtu of vxlan0 is due: MTU is 1000',
  ]);
});

it('what may not be pruned yet, and what is put off, is as it should be', async () => {
  await story.become(cluster([network()], [OWN]));
  story.tenure = { prunes: false, refusal: undefined };
  expect((await look())?.found).toEqual([]);
});

it('a namespace that cannot be looked at is counted', async () => {
  story.kernel.observe = async () => {
    throw new Error('EBUSY');
  };
  expect(await look()).toEqual({ ...NONE, unseen: 1 });
});

it('words for each kind of entry', () => {
  const of = { ns: NAMESPACE, link: 'vxlan0', reason: 'missing', mac: OTHER.mac, vtep: HOST2 as string };
  expect(stepWords({ ...of, kind: 'replaceFdb' })).toBe(
    `the FDB of vxlan0 should send ${OTHER.mac} to ${HOST2}: missing`,
  );
  expect(stepWords({ ...of, kind: 'removeFdb' })).toContain('nobody has that MAC there');
  expect(stepWords({ ...of, kind: 'replaceStatic' })).toContain('behind port vxlan0 of the bridge: missing');
});
