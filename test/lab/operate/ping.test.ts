/** `tsoverlay ping` on real engines: what it says of a sound way, and of each thing that is broken with one. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Lab } from '../lab.js';
import { PLUGIN_MAIN } from '../paths.js';
import { within } from '../waiting.js';

let lab: Lab;
beforeAll(async () => {
  lab = await Lab.boot({ hosts: 2, consul: true, durableConsul: true });
  const [one, two] = [lab.host(1), lab.host(2)];
  await one.docker('network', 'create', '-d', 'tsoverlay', '--subnet', '172.16.1.0/24', 'net');
  await within(10_000, 'the network is on the other host', async () =>
    (await two.docker('network', 'ls', '--format', '{{.Name}}')).split('\n').includes('net'),
  );
  await two.docker('run', '-d', '--name', 'web', '--net', 'net', 'busybox', 'sleep', 'infinity');
});
afterAll(() => lab?.down());

/** Runs it on a host, with the settings of the one that serves there. */
async function ping(from: number, ...words: readonly string[]) {
  const began = performance.now();
  const host = lab.host(from);
  const env = [`CLUSTER_STORE=${lab.consul.url}`, `CLUSTER_ADVERTISE=${host.address}`];
  const done = await host.host.attempt('env', ...env, process.execPath, PLUGIN_MAIN, 'ping', ...words);
  return { ...done, seconds: (performance.now() - began) / 1_000 };
}

const broken: number[] = [];
/** What comes in by the cable, before anything of VXLAN, and matches `rule` is lost. */
async function lose(host: number, rule: string): Promise<void> {
  const chain = `type filter hook ingress device eth0 priority 0; ${rule} drop;`;
  await lab.host(host).run('nft', `table netdev cable { chain frames { ${chain} }; }`);
  broken.push(host);
}
afterEach(async () => {
  for (const host of broken.splice(0)) await lab.host(host).run('nft', 'delete', 'table', 'netdev', 'cable');
});

describe('a sound way', () => {
  it.each(['docker02', '10.0.0.61', 'web', 'its address'])('%s: answers, with nothing against it', async (words) => {
    const format = '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}';
    const target = words === 'its address' ? await lab.host(2).docker('inspect', '-f', format, 'web') : words;
    const { ok, stdout, stderr, seconds } = await ping(1, target);
    expect([ok, stderr]).toEqual([true, '']);
    expect(stdout).toMatch(/^docker02 \(10\.0\.0\.61\)(, the host of \S+)? answers\n {2}round trip \d/);
    expect(stdout).toContain('lost: there 0 of 20, back 0 of 20');
    expect(stdout).toContain('largest packet that passes uncut: 1450 bytes there, 1450 back; planned are 1450');
    expect(stdout).not.toContain('warning');
    expect(seconds).toBeLessThan(10);
  });

  it('as JSON, both ways', async () => {
    for (const [from, to] of [
      [1, 'docker02'],
      [2, 'docker01'],
    ] as const) {
      const { stdout } = await ping(from, to, '--json');
      expect(JSON.parse(stdout)).toMatchObject({ version: 1, host: { hostname: to }, by: 'agent', findings: [] });
    }
  });

  it('what is on this host, or nowhere, is refused in one sentence', async () => {
    const here = await ping(2, 'web');
    expect(here.stderr).toBe('tsoverlay: web is on this host (docker02): what goes there leaves it by no cable');
    expect((await ping(1, 'nobody')).stderr).toContain('"nobody" is no host and no container of the cluster');
  });
});

describe('each thing that is broken is named, with what to do', () => {
  it('the port is closed on the other host', async () => {
    await lose(2, 'udp dport 4789');
    const { ok, stdout, seconds } = await ping(1, 'docker02');
    expect([ok, seconds < 10]).toEqual([false, true]);
    expect(stdout).toContain('docker02 (10.0.0.61) does not answer');
    expect(stdout).toContain('warning: no answer came through UDP 4789 (probe.answer)\n  let UDP 4789 pass');
  });

  it('the path takes less than the cards: from here, and from the other side', async () => {
    await lose(2, 'ip length > 1400');
    const { stdout, seconds } = await ping(1, 'docker02');
    expect(stdout).toContain('the path takes 1350 bytes there; larger ones are lost (probe.mtu)');
    expect(stdout).toContain('com.docker.network.driver.mtu=1400 or less');
    expect(seconds).toBeLessThan(10);
    expect((await ping(2, 'docker01')).stdout).toContain('the path takes 1350 bytes back; larger ones are lost');
  });

  it('one direction loses packets', async () => {
    await lose(1, 'udp dport 4789 numgen inc mod 2 == 0');
    const { stdout } = await ping(1, 'docker02');
    expect(stdout).toMatch(/lost: there 0 of \d+, back ([5-9]|1\d) of \d+/);
    expect(stdout).toContain('packets were lost on the way back (probe.loss)');
  });

  it('a card spoils checksums inside of VXLAN', async () => {
    await lose(2, 'udp dport 4789 @th,312,8 17 @th,448,16 != 0');
    const { stdout } = await ping(1, 'docker02');
    expect(stdout).toContain('whose checksum a card reckons are lost on the way there');
    expect(stdout).toContain('(probe.offload)\n  on the host that sends, turn off');
  });
});

describe('without the one that serves', () => {
  it('here: the command probes by itself, and says that nobody serves', async () => {
    await lab.host(1).plugin.kill();
    const { ok, stdout, stderr } = await ping(1, 'docker02');
    expect([ok, stdout]).toEqual([true, expect.stringContaining('docker02 (10.0.0.61) answers')]);
    expect(stderr).toContain('tsoverlay does not serve on this host');
    await lab.host(1).plugin.start();
    await expect.poll(async () => (await ping(1, 'docker02')).stderr, { timeout: 20_000 }).toBe('');
  });

  it('there: no answer comes, and that it may not run is said', async () => {
    await lab.host(2).plugin.kill();
    const { stdout } = await ping(1, 'docker02');
    expect(stdout).toContain('and see that tsoverlay runs on the other');
    await lab.host(2).plugin.start();
  });

  it('the store is dead, too: by what this host knew last', async () => {
    await lab.consul.kill();
    await expect
      .poll(async () => (await ping(1, 'docker02')).stdout, { timeout: 20_000 })
      .toContain('docker02 (10.0.0.61) answers');
    await lab.host(1).plugin.kill();
    const { stdout, seconds } = await ping(1, 'docker02');
    expect(stdout).toContain('docker02 (10.0.0.61) answers');
    expect(seconds).toBeLessThan(10);
  });
});
