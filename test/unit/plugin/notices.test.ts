/** What scripts/notices.sh says of engines, which here are a script. */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

const SCRIPT = join(import.meta.dirname, '../../../scripts/notices.sh');

interface Host {
  readonly engine: string;
  readonly runc?: string;
  readonly info?: string;
  readonly swarm?: string;
  readonly forward?: string;
}

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tsoverlay-notices-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function notices({ engine, runc = '1.3.0', info = '{}', swarm = 'inactive', forward = '1' }: Host): readonly string[] {
  const program = (name: string, body: string) => {
    writeFileSync(join(folder, name), `#!/bin/sh\n${body}\n`);
    chmodSync(join(folder, name), 0o755);
  };
  program('docker', `case "$*" in version*) echo ${engine} ;; *Swarm*) echo ${swarm} ;; *) echo '${info}' ;; esac`);
  program('runc', `echo "runc version ${runc}"`);
  writeFileSync(join(folder, 'ip_forward'), `${forward}\n`);
  const env = { PATH: `${folder}:/usr/bin:/bin`, IP_FORWARD: join(folder, 'ip_forward') };
  const { stderr, status } = spawnSync('sh', [SCRIPT], { env, encoding: 'utf8' });
  expect(status).toBe(0);
  return stderr.split('\n').filter(Boolean);
}

const NFTABLES = '{"FirewallBackend":{"Driver":"nftables"}}';

it.each(['20.10.5', '26.1.5', '28.5.2', '29.0.2', '29.7.2'])(
  'says nothing of Docker %s where all is well',
  (engine) => {
    expect(notices({ engine })).toEqual([]);
  },
);

it.each([
  ['29.0.1', { engine: '29.0.1' }, 'cannot connect a bridge network'],
  [
    '29.5 with an old runc',
    { engine: '29.5.0', runc: '1.1.5' },
    'runc 1.1.5 cannot start the containers of Docker 29.5.0',
  ],
  ['30 with an old runc', { engine: '30.1.0', runc: '1.1.15' }, 'install runc 1.2'],
  ['nftables', { engine: '29.7.2', info: NFTABLES }, 'until dockerd is restarted'],
  [
    'nftables without forwarding',
    { engine: '29.7.2', info: NFTABLES, forward: '0' },
    'sysctl -w net.ipv4.ip_forward=1',
  ],
  ['a swarm', { engine: '28.5.2', swarm: 'active' }, 'restart dockerd'],
] as const)('notices %s', (_, host, words) => {
  expect(notices(host).join('\n')).toContain(words);
});

it('says nothing of an old runc to an engine before 29.5', () => {
  expect(notices({ engine: '28.5.2', runc: '1.1.5' })).toEqual([]);
  expect(notices({ engine: '29.4.1', runc: '1.1.5' })).toEqual([]);
});

it('is run by the installation, and is a script that sh reads', () => {
  expect(execFileSync('grep', ['-c', 'notices.sh', join(SCRIPT, '../install.sh')], { encoding: 'utf8' }).trim()).toBe(
    '1',
  );
  execFileSync('sh', ['-n', SCRIPT]);
});
