/** Checks of the kernel: what a healthy /proc says, and each thing that is broken in one. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Check } from '../../../src/doctor/check.js';
import { twice } from '../../../src/doctor/checks/engine/twice.js';
import { capabilities } from '../../../src/doctor/checks/kernel/capabilities.js';
import { conntrack } from '../../../src/doctor/checks/kernel/conntrack.js';
import { descriptors } from '../../../src/doctor/checks/kernel/descriptors.js';
import { modules } from '../../../src/doctor/checks/kernel/modules.js';
import { neighbours } from '../../../src/doctor/checks/kernel/neighbours.js';
import { version } from '../../../src/doctor/checks/kernel/version.js';
import { Proc } from '../../../src/doctor/looks/proc.js';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tsoverlay-proc-'));
});
afterEach(() => rmSync(root, { recursive: true }));

function write(files: Readonly<Record<string, string | number>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), `${text}\n`);
  }
}

/** What a check says of this /proc. */
const found = async <At>(check: Check<At>, at: object = {}): Promise<readonly string[]> =>
  (await check.examine({ proc: new Proc(root), pid: async () => 7, ...at } as At)).map(({ what }) => what);

describe('kernel.conntrack', () => {
  const table = (count: number, max: number) =>
    write({ 'sys/net/netfilter/nf_conntrack_count': count, 'sys/net/netfilter/nf_conntrack_max': max });

  it('a table with room, and a kernel that tracks nothing', async () => {
    expect(await found(conntrack)).toEqual([]);
    table(800, 1000);
    expect(await found(conntrack)).toEqual([]);
    table(0, 0);
    expect(await found(conntrack)).toEqual([]);
  });

  it('one that is nearly full', async () => {
    table(950, 1000);
    expect(await found(conntrack)).toEqual(['950 of 1000 connections are tracked, which is 95 %']);
  });
});

describe('kernel.neighbours', () => {
  const HEAD = 'entries  allocs   destroys hash_grows lookups';
  const table = (entries: number, limits: readonly number[]) =>
    write({
      'net/stat/arp_cache': `${HEAD}\n${entries.toString(16).padStart(8, '0')}  00000001 00000000`,
      ...Object.fromEntries(limits.map((limit, i) => [`sys/net/ipv4/neigh/default/gc_thresh${i + 1}`, limit])),
    });

  it('limits as tsoverlay sets them, or above, or not to be seen (a namespace that is not the first)', async () => {
    table(1_000, [8_192, 49_152, 65_536]);
    expect(await found(neighbours)).toEqual([]);
    table(1_000, [10_000, 60_000, 100_000]);
    expect(await found(neighbours)).toEqual([]);
    rmSync(join(root, 'sys'), { recursive: true });
    expect(await found(neighbours)).toEqual([]);
    rmSync(join(root, 'net'), { recursive: true });
    expect(await found(neighbours)).toEqual([]);
  });

  it('each limit that is too low, and a table that is nearly full', async () => {
    table(900, [128, 49_152, 1_024]);
    expect(await found(neighbours)).toEqual([
      'the table of ipv4 neighbours has 900 entries of 1024 at most',
      'sysctl net.ipv4.neigh.default.gc_thresh1 is 128, and should be 8192 at least',
      'sysctl net.ipv4.neigh.default.gc_thresh3 is 1024, and should be 65536 at least',
    ]);
  });
});

describe('kernel.descriptors', () => {
  const limits = (soft: number) =>
    write({ '7/limits': `Limit  Soft Limit  Hard Limit  Units\nMax open files            ${soft}  524288  files` });

  it('of the process that serves, if there is one', async () => {
    limits(1024);
    write(Object.fromEntries(Array.from({ length: 40 }, (_, fd) => [`7/fd/${fd}`, ''])));
    expect(await found(descriptors)).toEqual([]);
    limits(48);
    expect(await found(descriptors)).toEqual(['process 7 has 40 files open, and may have 48']);
    expect(await found(descriptors, { pid: async () => undefined })).toEqual([]);
  });
});

describe('kernel.capabilities', () => {
  it('all, and each that lacks', async () => {
    write({ '7/status': 'Name:\tnode\nCapEff:\t000001ffffffffff' });
    expect(await found(capabilities)).toEqual([]);
    write({ '7/status': 'Name:\tnode\nCapEff:\t000001ffffdfefff' });
    expect(await found(capabilities)).toEqual(['process 7 lacks CAP_NET_ADMIN and CAP_SYS_ADMIN']);
  });
});

describe('kernel.version', () => {
  it.each(['6.18.5', '4.18.0-553.el8.x86_64', '5.4.0-1'])('%s is fine', async (release) => {
    write({ 'sys/kernel/osrelease': release });
    expect(await found(version)).toEqual([]);
  });

  it('an older one', async () => {
    write({ 'sys/kernel/osrelease': '3.10.0-1160.el7.x86_64' });
    expect(await found(version)).toEqual(['the kernel is 3.10.0-1160.el7.x86_64, older than 4.18']);
  });
});

describe('kernel.modules', () => {
  it('names what does not work, and why', () => {
    expect(modules.judge(new Map())).toEqual([]);
    const [vxlan, tables] = modules.judge(
      new Map([...Object.entries({ vxlan: 'no such kind', nf_tables: 'EOPNOTSUPP' })]),
    );
    expect(vxlan?.what).toBe('vxlan does not work in this kernel: no such kind');
    expect(tables?.what).toBe('nf_tables does not work in this kernel: EOPNOTSUPP');
  });
});

describe('engine.twice', () => {
  interface Of {
    readonly environment?: string;
    readonly uid?: number;
    /** Whose `/` it has. */
    readonly place?: string;
  }
  const process = (pid: number, command: readonly string[], of: Of = {}) => {
    const { environment = 'CLUSTER_STORE=consul://c', uid = 0, place = 'host' } = of;
    write({ [`${pid}/environ`]: environment, [`${pid}/status`]: `Name:\tnode\nUid:\t${uid}\t${uid}\t${uid}\t${uid}` });
    writeFileSync(join(root, `${pid}/cmdline`), `${command.join('\0')}\0`);
    mkdirSync(join(root, place), { recursive: true });
    symlinkSync(join(root, place), join(root, `${pid}/root`));
  };
  beforeEach(() => process(1, ['/sbin/init']));
  const engine = (...names: readonly string[]) => ({
    engine: async () => ({ plugins: names.map((name) => ({ name, isEnabled: !name.endsWith('off') })) }),
  });

  it('one is fine, beside programs of others and commands', async () => {
    process(100, ['/usr/bin/node', '/usr/lib/tsoverlay/dist/main.js']);
    process(101, ['/usr/bin/node', '/usr/lib/tsoverlay/dist/main.js', 'status']);
    process(102, ['/usr/bin/node', '/srv/shop/dist/main.js'], { environment: 'PORT=80' });
    expect(await found(twice, engine('grafana/loki:latest', 'tsoverlay/driver:off'))).toEqual([]);
  });

  it('what a container or a user of the host calls so is none of the host', async () => {
    process(100, ['/usr/bin/node', '/usr/lib/tsoverlay/dist/main.js']);
    process(101, ['node', '/dist/main.js'], { place: 'container' });
    process(102, ['node', '/dist/main.js'], { uid: 1_000 });
    expect(await found(twice, engine('tsoverlay/driver:off'))).toEqual([]);
    rmSync(join(root, '1/root'));
    expect(await found(twice, engine('tsoverlay/driver:latest')), 'nor where the host cannot be told').toEqual([]);
  });

  it('a process and a plugin, or two plugins', async () => {
    process(100, ['/usr/bin/node', '--no-opt', '/opt/x/dist/main.js']);
    expect(await found(twice, engine('tsoverlay/driver:latest'))).toEqual([
      '2 are set up: plugin tsoverlay/driver:latest, process 100',
    ]);
    rmSync(join(root, '100'), { recursive: true });
    expect(await found(twice, engine('tsoverlay/driver:latest', 'tsoverlay/driver:1.0'))).toEqual([
      '2 are set up: plugin tsoverlay/driver:latest, plugin tsoverlay/driver:1.0',
    ]);
  });
});
