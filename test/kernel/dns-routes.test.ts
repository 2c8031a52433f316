/** A container's routing rules that keep us from asking the engine's resolver in it. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Resolver } from '../../src/dns/serving/resolver.js';
import { askAsContainer, askEngineAlone } from '../../src/doctor/looks/asking.js';
import { endpoint, zone } from '../unit/dns/fixtures.js';
import { askTcp, askUdp, dropNamespace, FakeEngine, FROM_ENGINE, inside, makeNamespace } from './dns-namespace.js';

let namespace: string;
let engine: FakeEngine;
let resolver: Resolver;
beforeEach(async () => {
  namespace = makeNamespace();
  engine = new FakeEngine(namespace, 'nft');
  resolver = new Resolver(namespace, () => [zone('backnet', [endpoint(['web'], ['172.16.1.1/24'])])]);
  await resolver.start();
});
afterEach(() => {
  resolver.abandon();
  engine.close();
  dropNamespace(namespace);
});

const rule = (...words: string[]): string => inside(namespace, 'ip', 'rule', ...words);

/** From this address nobody can be sent to: connect(2) fails at once, by UDP too. */
function shut(from: string): void {
  rule('add', 'pref', '100', 'lookup', 'local');
  rule('add', 'pref', '10', 'from', from, 'unreachable');
  rule('del', 'pref', '0');
}

it('a question that cannot be passed on is answered SERVFAIL, and the process lives', async () => {
  shut('127.0.0.12');
  expect(await askUdp(namespace, 'example.com')).toEqual([]);
  await expect(askTcp(namespace, 'example.com')).rejects.toThrow(/closed|ECONNRESET/);
  expect(await askUdp(namespace, 'web')).toEqual(['172.16.1.1']);
  rule('del', 'pref', '10');
  expect(await askUdp(namespace, 'example.com')).toEqual([FROM_ENGINE]);
});

it('doctor, which cannot ask there, says why', async () => {
  shut('127.0.0.12');
  expect(await askEngineAlone(namespace, 'example.com', 'A')).toMatchObject({
    ...{ isAnswer: false, outcome: expect.stringContaining('UNREACH') },
  });
  rule('add', 'pref', '11', 'from', '127.0.0.1', 'unreachable');
  expect(await askAsContainer(namespace, 'web', 'A')).toMatchObject({
    ...{ isAnswer: false, outcome: expect.stringContaining('UNREACH') },
  });
});
