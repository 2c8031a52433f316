/** The maps of the short way as this process holds them: those of an earlier one, each once, and none beyond its use. */
import { closeSync, readdirSync, readlinkSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ensurePlace, hook } from '../../src/kernel/bpf/hooks.js';
import { Lane } from '../../src/kernel/bpf/lane.js';
import { MAPS } from '../../src/kernel/bpf/programs.js';
import { createMap, loadProgram } from '../../src/kernel/bpf/syscall.js';
import { Wire } from '../../src/kernel/bpf/wire.js';
import { linkIndex, listLinks } from '../../src/kernel/links/links.js';
import { closeInside, type Inside, openInside } from '../../src/kernel/netlink/inside.js';
import type { AccelerationPlan } from '../../src/model/plan/namespace-plan.js';
import { LANE } from '../../src/model/values/names.js';
import type { Mac } from '../../src/model/values/types.js';
import { Bench, run } from './bench.js';

const VNI = 256;
const PLAN = { vni: VNI, local: '10.0.0.1', port: 4789, longest: 1464 } as AccelerationPlan;
const MAC = '02:42:ac:10:01:01' as Mac;

let bench: Bench;
let host: string;
let home: Inside;
let inside: Inside;
let wire: Wire;
const lanes: Lane[] = [];
const makeLane = (): Lane => {
  const lane = new Lane(wire, inside.socket, 'tsl0', home.held);
  lanes.push(lane);
  return lane;
};
beforeEach(() => {
  bench = new Bench();
  host = bench.namespace('host');
  [home, inside] = [openInside(host), openInside(bench.namespace('inside'))];
  wire = new Wire(home.socket);
});
afterEach(async () => {
  for (const each of [...lanes.splice(0), wire]) each.close();
  for (const each of [home, inside]) closeInside(each);
  bench.close();
});

/** How many this process holds. */
const held = (): number => {
  const links = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return '';
    }
  });
  return links.filter((to) => to === 'anon_inode:bpf-map').length;
};

/** What another release's is like for us: hooked as ours are, with maps of other shapes. */
async function hookOther(at: Inside, link: string, name: string, maps: readonly number[]): Promise<void> {
  // r1 = map; …; r0 = 0; exit
  const mention = (fd: number): Buffer => {
    const bytes = Buffer.alloc(16);
    bytes.writeUInt16LE(0x1118);
    bytes.writeUInt32LE(fd, 4);
    return bytes;
  };
  const end = Buffer.from('b700000000000000' + '9500000000000000', 'hex');
  const program = loadProgram('deliver', Buffer.concat([...maps.map(mention), end]));
  try {
    const index = await linkIndex(at.socket, link, 'hook');
    await ensurePlace(at.socket, { link: index, block: 0 });
    await hook(at.socket, { link: index }, program, name);
  } finally {
    for (const fd of [...maps, program]) closeSync(fd);
  }
}

describe('a lane of an earlier process', () => {
  beforeEach(async () => {
    const before = makeLane();
    await before.make(PLAN);
    await before.setWay(MAC, '10.0.0.2');
    before.close();
  });

  test('has its map opened once, however many look at it at once', async () => {
    const began = held();
    const lane = makeLane();
    const links = await listLinks(inside.socket);
    const looks = await Promise.all([lane.observe(links), lane.observe(links), lane.changed()]);
    expect(looks[0]?.ways).toEqual(new Map([[MAC, '10.0.0.2']]));
    expect(held()).toBe(began + 1);
    lane.close();
    await wire.listed(VNI);
    expect(held()).toBe(began);
  });

  test('that was another release with other maps is made anew', async () => {
    await hookOther(inside, LANE, 'tsoverlay-deliver 00000000 other', [createMap('lanes')]);
    const lane = makeLane();
    expect((await lane.observe(await listLinks(inside.socket)))?.lane).toBe('');
    await lane.make(PLAN);
    await lane.setWay(MAC, '10.0.0.2');
    const found = await lane.observe(await listLinks(inside.socket));
    expect(found?.lane).not.toBe('');
    expect(found?.ways).toEqual(new Map([[MAC, '10.0.0.2']]));
  });
});

test('a lane that is closed while it is made holds no map', async () => {
  await wire.listed(VNI);
  const began = held();
  const lane = makeLane();
  const made = lane.make(PLAN);
  lane.close();
  await expect(made).rejects.toMatchObject({ code: 'ECANCELED' });
  await expect(lane.setWay(MAC, '10.0.0.2')).rejects.toMatchObject({ code: 'ECANCELED' });
  expect(held()).toBe(began);
});

/** A list of networks whose maps of MACs are of another shape. */
function otherNetworks(): number {
  const { valueSize } = MAPS.macs;
  const like = (bytes: number) => Object.assign(MAPS.macs, { valueSize: bytes });
  like(2 * valueSize);
  const inner = createMap('macs');
  like(valueSize);
  try {
    return createMap('networks', inner);
  } finally {
    closeSync(inner);
  }
}

test.each<[string, () => number]>([
  ['maps', () => createMap('lanes')],
  ['maps in it', otherNetworks],
])('the list of networks of another release with other %s is made anew', async (_, networks) => {
  run(host, 'ip', 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'peer0');
  await hookOther(home, 'eth0', 'tsoverlay-arrive 00000000 other', [networks(), createMap('lanes')]);
  const lane = makeLane();
  await lane.make(PLAN);
  expect((await wire.listed(VNI)).macs).toBeGreaterThan(0);
});
