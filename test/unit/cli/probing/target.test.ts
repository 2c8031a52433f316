import { expect, it } from 'vitest';
import { probeLines } from '../../../../src/cli/probing/lines.js';
import { targetOf } from '../../../../src/cli/probing/target.js';
import { endpoint, HOST1, HOST2, network } from '../../model/fixtures.js';
import { idOf, livingNode } from '../../nodes.js';

const nodes = [
  { ...livingNode(HOST1), hostname: 'docker01' },
  { ...livingNode(HOST2), hostname: 'docker02' },
];
const web = endpoint(1, HOST2, { names: ['web', 'www'], container: 'c0ffee'.padEnd(64, '0') });
const twice = [endpoint(2, HOST1, { names: ['db'] }), endpoint(3, HOST2, { names: ['db'] })];
const six = endpoint(4, HOST1, { names: ['Six'], addresses: ['fd00::6/64' as never] });
/** Its name is the begin of another one's id, and of a host's. */
const beef = endpoint(5, HOST1, { names: ['c0ff', idOf(HOST2).slice(0, 10)] });
const networks = [network({ announced: { name: 'shop.prod', labels: {}, attachable: false } })];
const meant = (text: string) => targetOf(text, { nodes, networks, endpoints: [web, ...twice, six, beef] });

it('a host is known by its address, its name and its id', () => {
  for (const text of [HOST2, 'docker02', idOf(HOST2)])
    expect(meant(text)).toEqual({ address: HOST2, hostname: 'docker02', encrypted: [] });
});

it('a container is known by each of its names, its address and the begin of its id, and its host is meant', () => {
  for (const text of ['web', 'WWW', 'web.shop.prod', 'C0FFE', '172.16.1.1'])
    expect(meant(text)).toEqual({ address: HOST2, hostname: 'docker02', container: text, encrypted: [] });
});

it('what nobody has, or several hosts have, is refused with what there is', () => {
  expect(() => meant('c0f')).toThrow(
    '"c0f" is no host and no container of the cluster; tsoverlay status names the hosts',
  );
  expect(() => meant('db')).toThrow(
    `"db" is on several hosts (docker01, ${HOST1}; docker02, ${HOST2}); name one of them`,
  );
});

it('an address is one however it is spelt', () => {
  for (const text of ['fd00::6', 'FD00:0::6', 'six'])
    expect(meant(text)).toMatchObject({ address: HOST1, container: text });
});

it('a name goes before the begin of an id', () => {
  for (const text of beef.names) expect(meant(text)).toMatchObject({ address: HOST1, container: text });
});

it('of a container on an encrypted network is said that what it is sent goes another way', () => {
  const secret = networks.map((one) => ({ ...one, options: { encrypted: '' } }));
  const target = targetOf('web', { nodes, networks: secret, endpoints: [web] });
  expect(target.encrypted).toEqual(['shop.prod']);
  expect(probeLines(target, { answered: false, peer: HOST2 }, [])).toEqual([
    `docker02 (${HOST2}), the host of web does not answer`,
    expect.stringMatching(/^ {2}network shop[.]prod is encrypted: its packets go by WireGuard/),
  ]);
});
