import type { IncomingMessage, Server } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Overview, overviewExchange } from '../../../src/admin/contract/overview.js';
import type { EndpointId } from '../../../src/model/values/types.js';
import { Sight } from '../../../src/overview/sight.js';
import { Site } from '../../../src/overview/site.js';
import { Watching } from '../../../src/overview/watching.js';
import { quickTimers } from '../../fakes/quick-timers.js';
import type { FakeStore } from '../../fakes/store.js';
import { endpointOf } from '../store/samples.js';
import { asked, HOSTS, NETWORK, putEndpoint, served, storeWith, textOf } from './scene.js';

const EDGES: Overview['edges'] = [];

let store: FakeStore;
let ending: AbortController;
let server: Server;
let port: number;
let findings: Overview['findings'] = [];
let words: Overview['words'] = [];
let looked: Promise<void>;

beforeEach(async () => {
  store = storeWith('web', '</script><script>alert(1)</script>');
  ending = new AbortController();
  findings = [];
  words = [];
  looked = Promise.resolve();
  const site = new Site({
    sight: new Sight(() => new Watching({ store, known: () => undefined }), ending.signal),
    self: () => HOSTS[0]?.id ?? '',
    findings: () => findings,
    others: {
      ...{ edges: EDGES, look: () => looked },
      get words() {
        return words;
      },
    },
    ending: ending.signal,
  });
  ({ server, port } = await served((req, res) => {
    void (req.url === '/events' ? site.serveNews(res) : site.serveOverview(res));
  }));
});
afterEach(() => {
  ending.abort();
  server.close();
  server.closeAllConnections();
});

/** Events as they come. */
async function* news(answer: IncomingMessage): AsyncGenerator<Partial<Overview>> {
  let text = '';
  for await (const chunk of answer.setEncoding('utf8')) {
    text += String(chunk);
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const event = text.slice(0, end);
      text = text.slice(end + 2);
      if (event.startsWith('data: ')) yield JSON.parse(event.slice('data: '.length)) as Partial<Overview>;
    }
  }
}

describe('the overview', () => {
  it('has hosts, networks and containers, in the shape that is promised, and no label', async () => {
    const text = await textOf(await asked(port, '/'));
    const overview = overviewExchange.answer.parse(JSON.parse(text));
    expect(overview.hosts.map(({ name }) => name)).toEqual(['docker01', 'docker02']);
    expect(overview.networks).toMatchObject([
      { id: NETWORK, subnets: [{ pool: '172.16.1.0/24', vni: 256 }, { vni: 257 }] },
    ]);
    expect(overview.members[NETWORK]?.map(({ names }) => names[0])).toEqual([
      'web',
      '</script><script>alert(1)</script>',
    ]);
    expect(overview).toMatchObject({ confirmed: true, self: HOSTS[0]?.id });
    for (const secret of ['labels', 'com.docker.network.driver.mtu', 'machine', 'boot'])
      expect(text).not.toContain(secret);
  });

  it('begins before the probes are back, which take seconds where hosts are away', async () => {
    let back = () => {};
    looked = new Promise<void>((resolve) => {
      back = resolve;
    });
    const answer = await asked(port, '/');
    back();
    expect(answer.statusCode).toBe(200);
    expect(JSON.parse(await textOf(answer))).toMatchObject({ confirmed: true });
  });

  it('is told in pieces, whatever the number of containers', async () => {
    const many = Array.from({ length: 450 }, (_, n) => {
      const id = (16 + n).toString(16).padStart(64, '0') as EndpointId;
      return { ...endpointOf(NETWORK, '1'), id, names: [`many${n}`] };
    });
    putEndpoint(store, ...many);
    const overview = overviewExchange.answer.parse(JSON.parse(await textOf(await asked(port, '/'))));
    expect(overview.members[NETWORK]).toHaveLength(452);
  });
});

describe('whoever looks', () => {
  quickTimers();

  it('is told all first, then what is news', async () => {
    const events = news(await asked(port, '/events'));
    const first = (await events.next()).value as Overview;
    expect(Object.keys(first).sort()).toEqual([
      'at',
      'confirmed',
      'edges',
      'findings',
      'hosts',
      'members',
      'networks',
      'release',
      'self',
      'version',
      'words',
    ]);
    putEndpoint(store, { ...endpointOf(NETWORK, '9'), names: ['late'] });
    const second = (await events.next()).value as Overview;
    expect(second.members[NETWORK]?.map(({ names }) => names[0])).toContain('late');
    expect(second.hosts).toBeUndefined();
    findings = [
      {
        ...{ code: 'store.news', subject: '', state: 'failing', severity: 'high' },
        since: first.at,
        attempts: 1,
        text: 'x',
        cure: 'y',
      },
    ];
    const third = (await events.next()).value as Overview;
    expect([third.findings, third.members]).toEqual([findings, {}]);
    words = [{ host: HOSTS[1]?.id ?? '', at: first.at, findings: [{ code: 'a', what: 'b', cure: 'c' }] }];
    expect((await events.next()).value).toMatchObject({ words, members: {} });
  });

  it('is told that the store does not answer, and goes on with what was there', async () => {
    const events = news(await asked(port, '/events'));
    await events.next();
    store.fail();
    expect((await events.next()).value).toMatchObject({ confirmed: false, members: {} });
    store.recover();
    expect((await events.next()).value).toMatchObject({ confirmed: true });
  });

  it('is left when the one that serves ends', async () => {
    const answer = await asked(port, '/events');
    const events = news(answer);
    await events.next();
    ending.abort();
    expect(await events.next()).toMatchObject({ done: true });
    expect((await asked(port, '/')).statusCode).toBe(503);
  });

  it('is one of few', async () => {
    const lookers = await Promise.all(Array.from({ length: 9 }, () => asked(port, '/events')));
    expect(lookers.map(({ statusCode }) => statusCode).sort()).toEqual([...Array(8).fill(200), 503]);
    for (const looker of lookers) looker.destroy();
  });
});
