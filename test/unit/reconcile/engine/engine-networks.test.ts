/** The engine's networks are listed once, and asked for one by one when it tells of them. */
import { beforeEach, expect, it } from 'vitest';
import type { EngineNetwork } from '../../../../src/model/ports/engine-port.js';
import type { EngineNetworkId, NetworkId } from '../../../../src/model/values/types.js';
import { EngineNetworks } from '../../../../src/reconcile/engine/engine-networks.js';

const id = (digit: string) => digit.repeat(64) as EngineNetworkId;
const network = (digit: string, mirrorOf?: string): EngineNetwork => ({
  ...{ id: id(digit), name: `net${digit}`, labels: {}, attachable: false, ranges: new Map() },
  ...(mirrorOf === undefined ? {} : { mirrorOf: mirrorOf.repeat(64) as NetworkId }),
});

let here: EngineNetwork[];
let asked: string[];
let mirrors: string[];
let seen: EngineNetworks;
let isDown: boolean;
beforeEach(() => {
  here = [network('a'), network('b', 'c')];
  asked = [];
  mirrors = [];
  isDown = false;
  const networks = async (only?: { readonly id: EngineNetworkId } | { readonly name: string }) => {
    asked.push(only === undefined ? 'all' : 'id' in only ? only.id.slice(0, 1) : only.name);
    if (isDown) throw new Error('down');
    return here;
  };
  seen = new EngineNetworks({ networks }, (engine) => mirrors.push(engine.slice(0, 1)));
});
const all = async () => (await seen.all()).map((n) => n.id.slice(0, 1));

it('lists once, then asks for what came and went', async () => {
  expect(await all()).toEqual(['a', 'b']);
  here = [network('a'), network('d', 'e')];
  expect(await all()).toEqual(['a', 'b']);
  seen.doubt(id('b'));
  seen.doubt(id('d'));
  expect(await all()).toEqual(['a', 'd']);
  expect(asked).toEqual(['all', 'b', 'd']);
  expect(mirrors).toEqual(['b', 'd']);
});

it('lists all again when told to, and after the engine did not answer', async () => {
  await all();
  seen.doubt();
  await all();
  isDown = true;
  seen.doubt(id('a'));
  await expect(all()).rejects.toThrow('down');
  isDown = false;
  await all();
  expect(asked).toEqual(['all', 'all', 'a', 'all']);
});

it('finds at this moment what others have made', async () => {
  await all();
  here = [network('f', '9')];
  expect(await seen.find({ name: 'netf' }, (n) => n.id === id('f'))).toBe(true);
  expect(await seen.find({ id: id('a') }, (n) => n.id === id('a'))).toBe(false);
  seen.forget(id('a'));
  expect(await all()).toEqual(['b', 'f']);
});
