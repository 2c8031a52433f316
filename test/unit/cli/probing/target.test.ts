import { expect, it } from 'vitest';
import { targetOf } from '../../../../src/cli/probing/target.js';
import { endpoint, HOST1, HOST2 } from '../../model/fixtures.js';
import { idOf, livingNode } from '../../nodes.js';

const nodes = [
  { ...livingNode(HOST1), hostname: 'docker01' },
  { ...livingNode(HOST2), hostname: 'docker02' },
];
const web = endpoint(1, HOST2, { names: ['web', 'www'], container: 'c0ffee'.padEnd(64, '0') });
const twice = [endpoint(2, HOST1, { names: ['db'] }), endpoint(3, HOST2, { names: ['db'] })];
const meant = (text: string) => targetOf(text, { nodes, endpoints: [web, ...twice] });

it('a host is known by its address, its name and its id', () => {
  for (const text of [HOST2, 'docker02', idOf(HOST2)])
    expect(meant(text)).toEqual({ address: HOST2, hostname: 'docker02' });
});

it('a container is known by each of its names, its address and the begin of its id, and its host is meant', () => {
  for (const text of ['web', 'www', 'c0ff', '172.16.1.1'])
    expect(meant(text)).toEqual({ address: HOST2, hostname: 'docker02', container: text });
});

it('what nobody has, or several hosts have, is refused with what there is', () => {
  expect(() => meant('c0f')).toThrow(
    '"c0f" is no host and no container of the cluster; tsoverlay status names the hosts',
  );
  expect(() => meant('db')).toThrow(
    `"db" is on several hosts (docker01, ${HOST1}; docker02, ${HOST2}); name one of them`,
  );
});
