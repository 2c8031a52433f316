/** What containers ask 127.0.0.11, on our networks and, as the yardstick, on a bridge of the engine's alone. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ENDS } from '../tours.js';
import { within } from '../waiting.js';
import { Asker } from './asker.js';
import { OURS, Site } from './site.js';

describe.each(ENDS)('the resolver on %s', (engine) => {
  let site: Site;
  const askers: Asker[] = [];
  beforeAll(async () => {
    site = await Site.boot({ engine });
    await site.docker(1, 'network create yard');
  });
  afterAll(() => site?.lab.down());
  afterEach(async () => {
    for (const asker of askers.splice(0)) asker.close();
    await site.clear();
  });
  const asker = async (host: number, container: string) => {
    const made = await Asker.in(site, host, container);
    askers.push(made);
    return made;
  };
  /** One who asks on our network, one on the bridge; each beside a container of the same aliases. */
  async function pair(options: string) {
    await site.network('one', `${OURS} --subnet 172.16.1.0/24`);
    await site.run(2, 'far', `--net one ${options}`);
    await site.run(1, 'near', `--net yard ${options}`);
    await site.run(1, 'ours', '--net one');
    await site.run(1, 'yard', '--net yard');
    return [await asker(1, 'ours'), await asker(1, 'yard')] as const;
  }

  it('passes on all but addresses of an alias that is a domain of the world', async () => {
    const [ours, yard] = await pair('--network-alias outside.example --network-alias plain');
    await within(2_000, 'the alias is known', async () => {
      const heard = await ours.ask('outside.example');
      return heard?.answers[0]?.[1] === (await site.address(2, 'far', 'one'));
    });
    for (const type of ['SOA', 'NS', 'TXT', 'CAA', 'SRV', 'MX', 'AAAA', 'CNAME', 'HTTPS', 'ANY'])
      for (const name of ['outside.example', '_acme-challenge.outside.example', 'plain']) {
        const question = `${name} ${type}`;
        expect([question, await ours.ask(name, type)]).toEqual([question, await yard.ask(name, type)]);
      }
    expect((await ours.ask('outside.example', 'TXT'))?.answers).toEqual([['TXT', ['proof']]]);
    expect((await ours.ask('outside.example', 'SOA'))?.answers).toHaveLength(1);
  });

  it('names addresses by what DNS can carry', async () => {
    const long = 'x'.repeat(70);
    await site.network('one', `${OURS} --subnet 172.16.1.0/24`);
    await site.network(`n${long}`, `${OURS} --subnet 172.16.2.0/24`);
    await site.run(1, long, '--net one --network-alias fits');
    await site.run(2, `far${long}`, '--net one');
    await site.run(2, 'there', `--net n${long}`);
    await site.run(1, 'ours', '--net one');
    await site.docker(1, `network connect n${long} ours`);
    const ours = await asker(1, 'ours');
    const named = async (host: number, container: string, network: string) => {
      const reverse = (await site.address(host, container, network)).split('.').reverse().join('.');
      return (await ours.ask(`${reverse}.in-addr.arpa`, 'PTR'))?.answers.map(([, name]) => name);
    };
    await within(2_000, 'all names are known', async () => (await named(2, `far${long}`, 'one'))?.length === 1);
    expect(await named(1, long, 'one')).toEqual(['fits.one']);
    expect((await named(2, `far${long}`, 'one'))?.[0]).toMatch(/^[0-9a-f]{12}\.one$/);
    expect(await named(2, 'there', `n${long}`)).toEqual(['there']);
    expect(ours.malformed).toBe(0);
  });

  it('asks the networks of a container in the engine’s order', async () => {
    const priority = engine.startsWith('28');
    await site.network('aa', `${OURS} --subnet 172.16.1.0/24 --internal`);
    await site.network('mm', `${OURS} --subnet 172.16.2.0/24`);
    await site.network('zz', `${OURS} --subnet 172.16.3.0/24`);
    for (const network of ['zz', 'mm', 'aa']) {
      await site.run(2, `far-${network}`, `--net ${network} --network-alias twice`);
      // The yardstick: without us the engine knows the containers of its own host.
      await site.run(1, `near-${network}`, `--net ${network} --network-alias same`);
    }
    await site.run(1, 'asks', '--net zz');
    for (const network of ['aa', 'mm']) await site.docker(1, `network connect ${network} asks`);
    const asks = await asker(1, 'asks');
    const prefix = async (name: string) => String((await asks.ask(name))?.answers[0]?.[1]).replace(/\.\d+$/, '');
    for (const name of ['twice', 'same'])
      await within(
        2_000,
        `${name} is of the first network that is not internal`,
        async () => (await prefix(name)) === '172.16.2',
      );
    if (!priority) return;
    await site.docker(1, 'network disconnect zz asks');
    await site.docker(1, 'network connect --gw-priority 5 zz asks');
    for (const name of ['twice', 'same'])
      await within(
        2_000,
        `${name} is of the network of the highest priority`,
        async () => (await prefix(name)) === '172.16.3',
      );
  });

  it('has as many slow questions under way as the engine', async () => {
    const [ours, yard] = await pair('');
    for (const count of [600, 1000]) {
      const names = Array.from({ length: count }, (_, i) => `n${i}.slow.example`);
      const answered = async (by: Asker) =>
        (await by.askAll(names, 'A', 15_000)).filter((heard) => heard?.answers.length === 1).length;
      const reached = [await answered(ours), await answered(yard)];
      console.log(`${count} at once: ${reached.join(' by us, ')} by the engine alone`);
      expect(reached[0]).toBeGreaterThanOrEqual(Math.min(count, reached[1] ?? 0));
      if (count === 600) expect(reached[0]).toBe(600);
    }
  });
});
