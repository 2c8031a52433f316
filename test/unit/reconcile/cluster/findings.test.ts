import { describe, expect, it } from 'vitest';
import type { Cidr, Cluster, Network, Node } from '../../../../src/model/values/types.js';
import { Findings } from '../../../../src/reconcile/cluster/findings.js';
import { heardRows } from '../../health/heard.js';
import { HOST1, HOST2 } from '../../model/fixtures.js';
import { livingNode } from '../../nodes.js';

const node = (address: string, alive = true): Node => livingNode(address, { alive });
const cluster = (nodes: readonly Node[], networks: readonly Network[] = []): Cluster => ({
  nodes: new Map(nodes.map((n) => [n.id, n])),
  networks: new Map(networks.map((n) => [n.id, n])),
  endpoints: new Map(),
  unreadable: new Set(),
  complete: true,
});

const listener = () => {
  const { rows, log, troubles } = heardRows();
  /** What was said of troubles, not of their end. */
  const lines = () => log.lines.filter(({ state }) => state === 'degraded').map(({ msg }) => msg);
  return { lines, log, troubles, advice: new Findings(HOST1, rows) };
};

describe('a node of the other family', () => {
  it('is told with both addresses, once while it is there, and again when it came back', () => {
    const { lines, advice, log, troubles } = listener();
    advice.look(cluster([node(HOST1), node(HOST2)]));
    expect(lines()).toEqual([]);
    advice.look(cluster([node(HOST1), node('fd00::61')]));
    advice.look(cluster([node(HOST1), node('fd00::61'), node(HOST2)]));
    expect(lines()).toEqual([
      'host docker-fd00::61 advertises fd00::61 and this host 10.0.0.60: containers of the two cannot reach each other; set CLUSTER_ADVERTISE to addresses of one family on all hosts',
    ]);
    advice.look(cluster([node(HOST1)]));
    expect([troubles(), log.lines.at(-1)?.state]).toEqual([[], 'gone']);
    advice.look(cluster([node(HOST1), node('fd00::61')]));
    expect(lines()).toHaveLength(2);
    expect(troubles()).toEqual([expect.stringMatching(/^cluster\.family \S+ degraded$/)]);
  });

  it('is left out when it is away: its record may be that of an older setting', () => {
    const { lines, advice } = listener();
    advice.look(cluster([node(HOST1), node('fd00::61', false)]));
    expect(lines()).toEqual([]);
  });
});

it('a network that hides hosts from its containers is told with the cure', () => {
  const { lines, advice } = listener();
  const network = (pool: string) =>
    ({ id: 'ab'.repeat(32), announced: { name: 'plain' }, subnets: [{ pool: pool as Cidr }] }) as unknown as Network;
  advice.look(cluster([node(HOST1)], [network('172.16.1.0/24')]));
  expect(lines()).toEqual([]);
  advice.look(cluster([node(HOST1)], [network('10.0.0.0/24')]));
  advice.look(cluster([node(HOST1)], [network('10.0.0.0/24')]));
  expect(lines()).toEqual([
    'network plain has subnet 10.0.0.0/24, in which host docker-10.0.0.60 has its address 10.0.0.60: its containers do not reach that LAN, nor it their published ports; make networks with --ipam-driver tsoverlay, or name another --subnet',
  ]);
});

it('a host whose docker_gwbridge a network covers is told with the cure', () => {
  const { lines, advice } = listener();
  const network = (internal: boolean) =>
    ({ id: 'ab'.repeat(32), internal, subnets: [{ pool: '172.18.0.0/16' as Cidr }] }) as unknown as Network;
  const late = { ...node(HOST2), gwbridge: ['172.18.0.0/16' as Cidr] };
  advice.look(cluster([node(HOST1), late], [network(true)]));
  expect(lines()).toEqual([]);
  advice.look(cluster([node(HOST1), late], [network(false)]));
  expect(lines()).toEqual([
    'network abababababab has subnet 172.18.0.0/16, which overlaps 172.18.0.0/16 of docker_gwbridge on host docker-10.0.0.61: no container can join it there; remove that docker_gwbridge, and tsoverlay makes another',
  ]);
});
