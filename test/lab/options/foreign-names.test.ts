/**
 * Names that a container's networks of ours and of other drivers both have. The yardstick is the engine's own resolver in
 * the same container, which answers what comes from 127.0.0.12 as if we were not there; all whom it is to know are on its
 * host. (Two bridge networks are none: the engine ranks by gateways, too, of which a network of ours has none.)
 */
import { isDeepStrictEqual } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { SUPPORTED } from '../tours.js';
import { within } from '../waiting.js';
import { Asker } from './asker.js';
import { OURS, Site } from './site.js';

const OUR_NETWORKS = ['mm', 'mm-inner'];
const OTHERS = ['aa', 'aa-inner', 'aa-lan', 'zz', 'zz-inner', 'zz-lan'];
/** Where gw-priority is tried, on engines that have it. */
const RANKED = ['aa', 'zz-lan'];

interface Pair {
  readonly ours: string;
  readonly other: string;
  /** The one with a gw-priority. */
  readonly first: string;
}

const PAIRS: readonly Pair[] = OUR_NETWORKS.flatMap((ours) =>
  OTHERS.flatMap((other) =>
    ['', ...(RANKED.includes(other) ? [ours, other] : [])].map((first) => ({ ours, other, first })),
  ),
);

interface Inspected {
  readonly Id: string;
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, { readonly IPAddress: string }>> };
}

/** What one container is asked that is on these networks with the other. */
function questions(networks: readonly string[], peer: Inspected, asks: Inspected) {
  const bare = ['peer', 'PEER', 'same', 'asks', peer.Id.slice(0, 12)];
  const names = [...bare, ...networks.flatMap((network) => [`peer.${network}`, `same.${network}`])];
  const addresses = [peer, asks].flatMap(({ NetworkSettings }) =>
    networks.map((network) => NetworkSettings.Networks[network]?.IPAddress ?? ''),
  );
  return [
    ...names.flatMap((name) => ['A', 'AAAA', 'MX'].map((type) => [name, type] as const)),
    ...addresses.map((address) => [`${address.split('.').reverse().join('.')}.in-addr.arpa`, 'PTR'] as const),
  ];
}

describe.each(SUPPORTED)('beside networks of other drivers on %s', (engine) => {
  let site: Site;
  const askers: Asker[] = [];
  beforeAll(async () => {
    site = await Site.boot({ engine });
    await site.lab.host(1).host.run('ip', 'link', 'add', 'lan0', 'type', 'veth', 'peer', 'name', 'lan1');
    await site.docker(1, 'network create --subnet 172.30.1.0/24 aa');
    await site.docker(1, 'network create --subnet 172.30.2.0/24 --internal aa-inner');
    await site.docker(1, 'network create --subnet 172.30.3.0/24 -d macvlan -o parent=lan0 aa-lan');
    await site.docker(1, 'network create --subnet 172.30.4.0/24 --ipv6 --subnet fd00:30::/64 zz');
    await site.docker(1, 'network create --subnet 172.30.5.0/24 --internal zz-inner');
    await site.docker(1, 'network create --subnet 172.30.6.0/24 -d macvlan -o parent=lan1 zz-lan');
  });
  afterAll(() => site?.lab.down());
  afterEach(async () => {
    for (const asker of askers.splice(0)) asker.close();
    await site.clear();
  });

  async function ourNetworks(): Promise<void> {
    await site.network('mm', `${OURS} --subnet 172.16.1.0/24 --ipv6 --subnet fd00:16::/64`);
    await site.network('mm-inner', `${OURS} --subnet 172.16.2.0/24 --internal`);
  }

  async function asker(address?: string): Promise<Asker> {
    const made = await Asker.in(site, 1, 'asks', address);
    askers.push(made);
    return made;
  }

  async function inspected(container: string): Promise<Inspected> {
    const [found] = JSON.parse(await site.docker(1, `inspect ${container}`)) as readonly Inspected[];
    if (found === undefined) throw new Error(`${container} is not there`);
    return found;
  }

  /** Runs `asks` on both networks, the one of `first` with a gw-priority; what both resolvers say to each question. */
  async function asked({ ours, other, first }: Pair, peer: Inspected) {
    const priority = (network: string) => (network === first ? '--gw-priority 5' : '');
    await site.run(1, 'asks', `--net ${other}`);
    if (first === other) {
      await site.docker(1, `network disconnect ${other} asks`);
      await site.docker(1, `network connect ${priority(other)} ${other} asks`);
    }
    await site.docker(1, `network connect ${priority(ours)} ${ours} asks`);
    const [us, yard] = [await asker(), await asker('127.0.0.12')];
    const all = questions([ours, other], peer, await inspected('asks'));
    return () =>
      Promise.all(
        all.map(async ([name, type]) => {
          const question = `${ours} beside ${other}, first ${first}: ${name} ${type}`;
          return { question, us: await us.ask(name, type), yard: await yard.ask(name, type) };
        }),
      );
  }

  it.each(OUR_NETWORKS)('names are of the network that the engine asks first, as for %s', async (ours) => {
    await ourNetworks();
    await site.run(1, 'peer', '--net mm --network-alias same');
    for (const network of ['mm-inner', ...OTHERS]) await site.docker(1, `network connect --alias same ${network} peer`);
    const peer = await inspected('peer');
    const hasPriority = engine.startsWith('28');
    const winners = new Set<string>();
    for (const pair of PAIRS.filter((one) => one.ours === ours && (one.first === '' || hasPriority))) {
      const ask = await asked(pair, peer);
      await within(2_000, 'the names of the other network are known', async () =>
        (await ask()).every(({ us, yard }) => isDeepStrictEqual(us, yard)),
      ).catch(() => {});
      const heard = await ask();
      for (const { question, us, yard } of heard) expect([question, us ?? 'nothing']).toEqual([question, yard]);
      winners.add(String(heard[0]?.us?.answers[0]?.[1]).replace(/\.\d+\.\d+$/, ''));
      await site.docker(1, 'rm -f asks');
    }
    // Neither kind always wins.
    if (ours === 'mm') expect([...winners].sort()).toEqual(['172.16', '172.30']);
    else expect(winners).toContain('172.30');
  });

  it('of other hosts are ours, until somebody of that name is on the other network, and again after', async () => {
    await ourNetworks();
    await site.run(2, 'far', '--net mm --network-alias db');
    await site.run(1, 'asks', '--net mm');
    await site.docker(1, 'network connect aa asks');
    const us = await asker();
    const first = async () => (await us.ask('db'))?.answers[0]?.[1];
    const is = async (host: number, container: string, network: string) => {
      const address = await site.address(host, container, network);
      await within(2_000, `db is ${container}, at ${address}`, async () => (await first()) === address);
    };
    await is(2, 'far', 'mm');
    await site.run(1, 'near', '--net aa --network-alias db');
    await is(1, 'near', 'aa');
    await site.docker(1, 'network disconnect aa near');
    await is(2, 'far', 'mm');
    await site.docker(1, 'network connect --alias db aa near');
    await is(1, 'near', 'aa');
    await site.docker(1, 'kill near');
    await is(2, 'far', 'mm');
    await site.docker(1, 'start near');
    await is(1, 'near', 'aa');
    await site.lab.host(1).plugin.restart();
    await is(1, 'near', 'aa');
    await site.docker(1, 'network disconnect aa asks');
    await is(2, 'far', 'mm');
    await site.docker(1, 'network connect aa asks');
    await is(1, 'near', 'aa');
    await site.docker(1, 'rename near db2');
    await within(2_000, 'it has its new name', async () => (await us.ask('db2'))?.answers.length === 1);
    // A link goes before names, on the other network as well.
    await site.docker(1, 'rm -f asks');
    await site.run(1, 'asks', '--net aa --link db2:far');
    await site.docker(1, 'network connect mm asks');
    const linked = await asker();
    const address = await site.address(1, 'db2', 'aa');
    await within(2_000, 'far is whom the link leads to', async () => {
      return (await linked.ask('far'))?.answers[0]?.[1] === address;
    });
  });
});
