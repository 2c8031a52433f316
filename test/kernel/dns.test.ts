import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Zone } from '../../src/dns/answers/zone.js';
import { Resolver } from '../../src/dns/serving/resolver.js';
import { LIVE_MS } from '../../src/kernel/rules/dns-rules.js';
import { endpoint, zone } from '../unit/dns/fixtures.js';
import {
  askTcp,
  askUdp,
  Client,
  dropNamespace,
  FakeEngine,
  type Firewall,
  FROM_ENGINE,
  inside,
  makeNamespace,
} from './dns-namespace.js';

const zones: readonly Zone[] = [
  zone('backnet', [endpoint(['web1', 'web'], ['172.16.1.1/24']), endpoint(['web2', 'web'], ['172.16.1.2/24'])]),
];
const OURS = ['172.16.1.1'];
const ENGINES = [FROM_ENGINE];

let namespace = '';
let engine: FakeEngine;
let resolvers: Resolver[] = [];

function setUp(firewall: Firewall): void {
  namespace = makeNamespace();
  engine = new FakeEngine(namespace, firewall);
  resolvers = [];
}

async function started(): Promise<Resolver> {
  const resolver = new Resolver(namespace, () => zones);
  resolvers.push(resolver);
  await resolver.start();
  return resolver;
}

afterEach(() => {
  for (const resolver of resolvers) resolver.abandon();
  engine.close();
  dropNamespace(namespace);
});

describe.each<Firewall>(['nft', 'iptables-nft', 'iptables-legacy'])('beside the engine’s resolver (%s)', (firewall) => {
  beforeEach(() => setUp(firewall));

  it('answers the cluster’s names and leaves all others to the engine, over UDP and TCP', async () => {
    await started();
    expect(await askUdp(namespace, 'web1')).toEqual(OURS);
    expect(await askUdp(namespace, 'WEB1.backnet')).toEqual(OURS);
    expect(await askUdp(namespace, 'web1', 'AAAA')).toEqual([]);
    expect(await askUdp(namespace, '1.1.16.172.in-addr.arpa', 'PTR')).toEqual(['web1.backnet']);
    expect(engine.asked).toEqual([]);
    expect(await askUdp(namespace, 'example.com')).toEqual(ENGINES);
    expect(await askTcp(namespace, 'web1')).toEqual([OURS]);
    expect(await askTcp(namespace, 'example.com')).toEqual([ENGINES]);
    expect(await askTcp(namespace, 'web1', 'example.com', 'web1', 'example.org')).toEqual([
      OURS,
      ENGINES,
      OURS,
      ENGINES,
    ]);
    expect(engine.asked.map(({ name, from }) => `${name} ${from}`)).toEqual([
      'example.com 127.0.0.12',
      'example.com 127.0.0.12',
      'example.com 127.0.0.12',
      'example.org 127.0.0.12',
    ]);
  });

  it('dead, lets the engine answer again within five seconds, also a client that keeps its socket', async () => {
    const resolver = await started();
    const client = new Client(namespace);
    expect(await client.ask('web1')).toEqual(OURS);
    resolver.abandon();
    const began = Date.now();
    const old = answeredAgain(() => client.ask('web1', 'A', 200), began);
    const fresh = answeredAgain(() => askUdp(namespace, 'web1', 'A', 200), began);
    const tcp = answeredAgain(async () => (await askTcp(namespace, 'web1'))[0] ?? [], began);
    const [a, b, c] = await Promise.all([old, fresh, tcp]);
    console.info(
      `${firewall}: after our death the engine answered again: kept socket ${a} ms, new socket ${b} ms, TCP ${c} ms`,
    );
    expect(Math.max(a, b, c)).toBeLessThan(5000);
    expect(Math.min(a, b, c)).toBeGreaterThan(LIVE_MS - 500);
    await started();
    expect(await client.ask('web1')).toEqual(OURS);
    client.close();
  });

  it('stopped, lets the engine answer at once: no query fails', async () => {
    const resolver = await started();
    const storm = new Storm(namespace);
    await sleep(200);
    await resolver.stop();
    await sleep(200);
    const answers = await storm.end();
    console.info(`${firewall}: ${answers.length} queries around a stop`);
    expect(answers[0]).toBe(OURS[0]);
    expect(answers.at(-1)).toBe(FROM_ENGINE);
    expect(answers.filter((a) => a !== OURS[0] && a !== FROM_ENGINE)).toEqual([]);
    expect(inside(namespace, 'nft', 'list', 'tables')).not.toContain('tsoverlay');
  });

  it('replaced by another one, answers go on: what was in flight at that moment is asked again at most', async () => {
    const first = await started();
    const storm = new Storm(namespace, 2);
    await sleep(200);
    await started();
    await sleep(300);
    first.abandon();
    await sleep(200);
    const answers = await storm.end();
    console.info(`${firewall}: ${answers.length} queries around a replacement`);
    expect(new Set(answers)).toEqual(new Set(OURS));
  });

  it('finds the engine again after a live-restore has moved it, in the midst of traffic', async () => {
    await started();
    const client = new Client(namespace);
    expect(await client.ask('before.example')).toEqual(ENGINES);
    engine.move();
    for (let i = 0; i < 20; i++) expect(await client.ask(`after${i}.example`)).toEqual(ENGINES);
    expect(await askTcp(namespace, 'after.example')).toEqual([ENGINES]);
    client.close();
  });
});

/** When a question was answered by the engine, milliseconds after `began`; asks again and again. */
async function answeredAgain(ask: () => Promise<readonly unknown[]>, began: number): Promise<number> {
  while (Date.now() - began < 8000) {
    const answer = await ask().catch(() => undefined);
    if (answer?.[0] === FROM_ENGINE) return Date.now() - began;
    if (!answer) await sleep(20);
  }
  return Number.POSITIVE_INFINITY;
}

/** Asks for web1 without a pause, over a kept socket, fresh sockets and TCP, each question at most `times` times. */
class Storm {
  private readonly answers: unknown[] = [];
  private ended = false;
  private readonly running: Promise<unknown>;

  constructor(
    private readonly place: string,
    private readonly times = 1,
  ) {
    const kept = new Client(place);
    this.running = Promise.all([
      this.go(() => kept.ask('web1')),
      this.go(() => askUdp(this.place, 'web1')),
      this.go(async () => (await askTcp(this.place, 'web1'))[0] ?? []),
    ]);
  }

  /** First address of every answer, or the error's text, in the order they came. */
  async end(): Promise<readonly unknown[]> {
    this.ended = true;
    await this.running;
    return this.answers;
  }

  private async go(ask: () => Promise<readonly unknown[]>): Promise<void> {
    while (!this.ended) {
      let answer: unknown;
      for (let left = this.times; left > 0; left--) {
        answer = await ask().then((data) => data[0], String);
        // A connection is its resolver's, and ends with it.
        if (!/no answer|ECONNRESET|closed/.test(String(answer))) break;
      }
      this.answers.push(answer);
      // Without a pause it would be over what a container may ask for.
      await sleep(1);
    }
  }
}
