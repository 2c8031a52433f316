/** `tsoverlay doctor` and what is inside of a host: namespaces, rules, names, its session. Each is broken, found and cured. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { Patient } from './patient.js';

let patient: Patient;
beforeAll(async () => {
  patient = await Patient.boot();
});
afterAll(() => patient?.down());

const whats = (on: number) => patient.whats(on);
/** What runs for as long as `work` does. */
async function meanwhile(line: string, work: () => Promise<void>): Promise<void> {
  const pid = (await patient.on(1, `setsid sh -c '${line}' >/dev/null 2>&1 & echo $!`)).trim();
  try {
    await work();
  } finally {
    await patient.on(1, `kill -- -${pid}`);
  }
}
const again = (line: string): string => `while :; do ${line}; sleep 0.02; done`;
const IN_NETWORK = 'nsenter --net=$(ls /var/run/docker/netns/1-* | head -1)';

it('a healthy host has no finding', () => patient.healthy(1));

describe('the kernel is not as planned, for somebody breaks it again and again', () => {
  it('entries of a container of another host', async () => {
    await meanwhile(again(`${IN_NETWORK} ip neigh flush dev vxlan0 nud permanent`), async () => {
      await expect
        .poll(() => whats(1), { timeout: 40_000 })
        .toEqual([
          expect.stringMatching(
            /^kernel\.entries: network net: neighbour 172\.16\.1\.\d+ on vxlan0 should be .*missing$/,
          ),
        ]);
    });
    await patient.healthy(1);
  });

  it('the guard of VXLAN', async () => {
    await meanwhile(again('nft delete table ip tsoverlay-guard'), async () => {
      await expect
        .poll(() => whats(1), { timeout: 40_000 })
        .toEqual([expect.stringMatching(/^kernel\.plan: this host: vxlanGuard: replace vxlan guard is due/)]);
    });
    await patient.healthy(1);
  });
});

describe('names', () => {
  const sandbox = (name: string) =>
    patient.lab.host(1).docker('inspect', '-f', '{{.NetworkSettings.SandboxKey}}', name);
  const inside = async (line: string) => patient.on(1, `nsenter --net=${await sandbox('db')} ${line}`);

  it('a container takes the redirect away again and again', async () => {
    const breaks = again(`nsenter --net=${await sandbox('db')} nft delete table ip tsoverlay-dns`);
    await meanwhile(breaks, async () => {
      await expect
        .poll(() => whats(1), { timeout: 30_000 })
        .toEqual(["names.redirect: questions of container db go to the engine's resolver alone"]);
    });
    await patient.healthy(1);
  });

  it('a container drops its own questions', async () => {
    await inside('nft "add table ip shut; add chain ip shut o { type filter hook output priority 0; }"');
    await inside('nft add rule ip shut o ip saddr 127.0.0.1 udp dport != 0 ip daddr 127.0.0.1-127.0.0.11 drop');
    expect(await whats(1)).toEqual([
      'names.known: container db asked for web, which is on its network: no answer within 1.5 s',
    ]);
    await inside('nft delete table ip shut');
    await patient.healthy(1);
  });

  it('the name server that the engine asks is silent', async () => {
    const one = patient.lab.host(1);
    await patient.on(2, 'nft "table ip shut { chain in { type filter hook input priority 0; udp dport 53 drop; }; }"');
    await one.docker('run', '-d', '--name', 'lost', '--dns', '10.0.0.61', '--net', 'net', 'busybox', 'sleep', '1000');
    await expect
      .poll(() => whats(1), { timeout: 20_000 })
      .toEqual([
        "names.forwarded: a name of the world is not answered to container lost, nor by the engine's resolver alone",
      ]);
    await one.docker('rm', '-f', 'lost');
    await patient.on(2, 'nft delete table ip shut');
    await patient.healthy(1);
  });
});

describe('a firewall of the host', () => {
  const EFFECT = 'underlay.probes: docker01 (10.0.0.60): no answer came through UDP 4789 (probe.answer)';

  it('with a rule that drops, which is named; the cure, a rule before it', async () => {
    await patient.on(
      2,
      'nft "table inet fw { chain in { type filter hook input priority 0; udp dport 4789 drop; }; }"',
    );
    expect(await whats(2)).toEqual([
      expect.stringMatching(
        /^underlay\.firewall: UDP 4789 that comes from 10\.0\.0\.60 is dropped by the rule with handle \d+ in chain in of table inet fw$/,
      ),
      EFFECT,
    ]);
    await patient.on(2, 'nft insert rule inet fw in udp dport 4789 accept');
    await patient.healthy(2);
    await patient.on(2, 'nft delete table inet fw');
  });

  it('with a policy that drops all that nobody lets in, as firewalld and iptables-nft have it', async () => {
    for (const rule of ['-m conntrack --ctstate ESTABLISHED,RELATED', '-i lo', '-p tcp', '-p icmp'])
      await patient.on(2, `iptables-nft -A INPUT ${rule} -j ACCEPT`);
    await patient.on(2, 'iptables-nft -P INPUT DROP');
    expect(await whats(2)).toEqual([
      'underlay.firewall: UDP 4789 that comes from 10.0.0.60 is dropped by the policy of chain INPUT of table ip filter',
      EFFECT,
    ]);
    await patient.on(2, 'iptables-nft -I INPUT -p udp --dport 4789 -j ACCEPT');
    await patient.healthy(2);
    await patient.on(2, 'iptables-nft -P INPUT ACCEPT; iptables-nft -F INPUT');
  });
});

it('the session is ended again and again', async () => {
  const sessions = z.array(z.object({ ID: z.string(), Name: z.string() }));
  const { host } = patient.lab.host(1);
  for (let i = 0; i < 3; i++) {
    const all = sessions.parse(JSON.parse((await patient.lab.consul.read('/v1/session/list')) ?? ''));
    const own = all.find(({ Name }) => Name.endsWith('nodes/10.0.0.60'));
    await host.run(
      'curl',
      '-sS',
      '--unix-socket',
      '/run/consul.sock',
      '-X',
      'PUT',
      `http://c/v1/session/destroy/${own?.ID}`,
    );
    await new Promise((resolve) => setTimeout(resolve, 6_000));
  }
  expect(await whats(1)).toEqual([
    expect.stringMatching(/^store\.session: the session is \d+ s old, and 3 before it were lost/),
  ]);
  // What has happened is told for ten minutes, or until tsoverlay begins anew.
  await patient.lab.host(1).plugin.kill();
  await patient.lab.host(1).plugin.start();
  await patient.healthy(1);
});
