/** Rules that people and their tools make, in the real kernel, and what they do to VXLAN. */
import { execFileSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Proc } from '../../src/doctor/looks/proc.js';
import { lookAtSourceNat } from '../../src/doctor/looks/source-nat.js';
import { HostRuleset } from '../../src/kernel/ruleset/host-ruleset.js';
import { withNamespace } from '../../src/kernel/system/netns.js';
import { dropOf } from '../../src/model/firewall/walk.js';
import type { Cidr } from '../../src/model/values/types.js';
import { Bench, run } from './bench.js';

let bench: Bench;
let path: string;
beforeEach(() => {
  bench = new Bench();
  path = bench.namespace('host');
});
afterEach(() => bench.close());

const nft = (text: string) =>
  execFileSync('nsenter', [`--net=${path}`, 'nft', '-f', '-'], {
    input: text.replace(/; *\}/g, '\n}\n').replaceAll(';', '\n'),
  });
const iptables = (...lines: string[]) => {
  for (const line of lines) run(path, 'iptables-nft', ...line.split(' '));
};

/** What becomes of VXLAN from 10.0.0.61: `in`, or what drops it. */
function fate(change: { family?: 4 | 6; isComing?: boolean; from?: string | undefined } = {}): string {
  const { family = 4, isComing = true } = change;
  const [peer, self] = family === 4 ? ['10.0.0.61', '10.0.0.60'] : ['fd00::61', 'fd00::60'];
  const from = 'from' in change ? change.from : peer;
  return withNamespace(path, () => {
    const ruleset = new HostRuleset();
    const hooks = isComing ? (['prerouting', 'input'] as const) : (['output', 'postrouting'] as const);
    const chains = hooks.flatMap((hook) => ruleset.chains(hook, family));
    const ends = isComing ? { from, to: self } : { from: self, to: from };
    const drop = dropOf({ ...ends, port: 4789, family, isComing, link: { name: 'eth0', index: 7 } }, chains, ruleset);
    if (drop === undefined) return 'in';
    const { chain, handle, isSure } = drop;
    return `${isSure ? '' : 'maybe '}${handle === undefined ? 'policy' : 'rule'} of ${chain.family} ${chain.table} ${chain.name}`;
  });
}

const input = (rules: string, policy = 'drop', family = 'inet') =>
  nft(`table ${family} filter { chain input { type filter hook input priority 0; policy ${policy}; ${rules}; } }`);
const POLICY = 'policy of inet filter input';
const RULE = 'rule of inet filter input';

test('no rules, and tables of ours', () => {
  expect(fate()).toBe('in');
  nft('table ip tsoverlay-guard { chain input { type filter hook input priority 0; policy drop; } }');
  expect(fate()).toBe('in');
});

describe('nft', () => {
  test.each([
    ['udp dport 4789 accept', 'in'],
    ['udp dport 4790 accept', POLICY],
    ['udp dport { 53, 4789 } accept', 'in'],
    ['udp dport { 53, 4790 } accept', POLICY],
    ['udp dport 4000-5000 accept', 'in'],
    ['udp dport { 1-100, 4000-4788 } accept', POLICY],
    ['udp dport { 1-100, 4000-4800 } accept', 'in'],
    ['udp dport != 4789 accept', POLICY],
    ['meta l4proto { tcp, udp } th dport 4789 accept', 'in'],
    ['meta l4proto . th dport { udp . 4789 } accept', 'in'],
    ['meta l4proto . th dport { tcp . 4789 } accept', POLICY],
    ['ip saddr 10.0.0.0/24 udp dport 4789 accept', 'in'],
    ['ip saddr { 10.0.0.0/24, 192.0.2.1 } accept', 'in'],
    ['ip saddr 10.0.1.0/24 accept', POLICY],
    ['ip6 saddr ::/0 accept', POLICY],
    ['ct state established,related accept', POLICY],
    ['ct state vmap { established : accept, related : accept, invalid : drop }', POLICY],
    ['ct state vmap { established : accept, new : accept }', 'in'],
    ['iif lo accept', POLICY],
    ['iifname lo accept', POLICY],
    ['iifname "eth0" accept', 'in'],
    ['iifname "eth*" accept', 'in'],
    ['iifname { "lo", "eth1" } accept', POLICY],
    ['icmp type echo-request accept; tcp dport 22 accept', POLICY],
    ['meta mark 7 accept', `maybe ${POLICY}`],
    ['limit rate 10/second accept', `maybe ${POLICY}`],
    ['ip ttl 255 accept', `maybe ${POLICY}`],
  ])('policy drop; %s: %s', (rules, what) => {
    input(rules);
    expect(fate()).toBe(what);
  });

  test.each([
    ['udp dport 4789 drop', RULE],
    ['udp dport 4789 reject', RULE],
    ['counter udp dport 4789 log drop', RULE],
    ['ct state invalid drop', 'in'],
    ['meta mark 7 drop', 'in'],
    ['limit rate over 10/second drop', 'in'],
    ['ct state new,untracked drop', RULE],
    ['ip saddr != 10.0.0.61 udp dport 4789 drop', 'in'],
    ['udp dport 4789 accept; drop', 'in'],
    ['tcp dport 22 accept; reject with icmpx admin-prohibited', RULE],
  ])('policy accept; %s: %s', (rules, what) => {
    input(rules, 'accept');
    expect(fate()).toBe(what);
  });

  test('chains that are jumped to, and come back', () => {
    nft(`table inet filter {
      chain back { udp dport 4789 return; drop; }
      chain there { udp dport 4789 accept; }
      chain input { type filter hook input priority 0; policy drop; jump back; iifname "eth0" goto there; }
    }`);
    expect(fate()).toBe('in');
    nft('flush chain inet filter there');
    expect(fate()).toBe(POLICY);
    nft('add rule inet filter there udp dport vmap { 4789 : jump back }; add rule inet filter there drop');
    expect(fate()).toBe('rule of inet filter there');
  });

  test('the first hook that drops it; what one lets in another may drop', () => {
    input('udp dport 4789 accept');
    nft(
      'table ip raw { chain PREROUTING { type filter hook prerouting priority -300; iifname "eth0" udp dport 4789 drop; } }',
    );
    expect(fate()).toBe('rule of ip raw PREROUTING');
    nft('delete table ip raw; table ip more { chain in { type filter hook input priority 10; drop; } }');
    expect(fate()).toBe('rule of ip more in');
  });

  test('what goes out, IPv6, and a sender that nobody knows', () => {
    nft('table inet out { chain o { type filter hook output priority 0; oifname "eth0" udp dport 4789 drop; } }');
    expect([fate(), fate({ isComing: false })]).toEqual(['in', 'rule of inet out o']);
    input('ip6 saddr fd00::/64 accept', 'drop');
    expect([fate(), fate({ family: 6 })]).toEqual([POLICY, 'in']);
    nft('flush chain inet filter input; add rule inet filter input ip saddr 10.0.0.0/24 accept');
    expect([fate(), fate({ from: undefined })]).toEqual(['in', `maybe ${POLICY}`]);
  });

  test('a list of addresses that is too long to be read makes nothing certain, and costs little', () => {
    nft(`table inet filter { set bad { type ipv4_addr; elements = { ${Array.from({ length: 60_000 }, (_, i) => `192.${i >> 16}.${(i >> 8) & 255}.${i & 255}`).join(', ')} } }
      chain input { type filter hook input priority 0; policy drop; ip saddr @bad drop; udp dport 4789 accept; } }`);
    const before = process.cpuUsage();
    expect(fate()).toBe('in');
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1_000).toBeLessThan(100);
  });
});

test('iptables-nft', () => {
  iptables(
    '-P INPUT DROP',
    '-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
    '-A INPUT -i lo -j ACCEPT',
  );
  const policy = 'policy of ip filter INPUT';
  expect(fate()).toBe(policy);
  iptables('-A INPUT -p tcp --dport 22 -j ACCEPT', '-A INPUT -p udp -m multiport --dports 53,67 -j ACCEPT');
  expect(fate()).toMatch(/policy of ip filter INPUT$/);
  iptables('-A INPUT -p udp --dport 4000:5000 -m comment --comment overlay -j ACCEPT');
  expect(fate()).toBe('in');
  iptables('-I INPUT 1 -p udp --dport 4789 -j REJECT');
  expect(fate()).toBe('rule of ip filter INPUT');
  iptables(
    '-D INPUT 1',
    '-N mine',
    '-A mine -p udp -m udp --dport 4789 -j DROP',
    '-I INPUT 1 -m conntrack --ctstate NEW -j mine',
  );
  expect(fate()).toBe('rule of ip filter mine');
});

describe('what containers send by docker_gwbridge looks like the host’s', () => {
  const networks = [
    { link: 'eth0', network: '10.0.0.0/24' as Cidr },
    { link: 'docker_gwbridge', network: '172.18.0.0/16' as Cidr },
  ];
  const legacy = (tables: string) =>
    new (class extends Proc {
      override text = () => tables;
    })();
  const isMasqueraded = (tables = '') =>
    withNamespace(path, () => lookAtSourceNat({ networks }, legacy(tables)).map(({ isThere }) => isThere));
  const nat = (rule: string) => iptables(`-t nat ${rule}`);

  test('by the rule that the engine has made with iptables, and by no other one of its', () => {
    nat('-N DOCKER');
    nat('-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE');
    nat('-A POSTROUTING -s 172.18.0.2/32 -d 172.18.0.2/32 -p tcp -m tcp --dport 80 -j MASQUERADE');
    expect(isMasqueraded()).toEqual([false]);
    // To docker_gwbridge itself it is not, and by which interface it leaves is left open.
    nat('-A POSTROUTING -s 172.18.0.0/16 ! -o docker_gwbridge -j MASQUERADE');
    expect(isMasqueraded()).toEqual([undefined]);
    nat('-F');
    expect(isMasqueraded()).toEqual([false]);
    expect(isMasqueraded('nat\nfilter\n')).toEqual([undefined]);
  });

  test('by those that the engine makes with nftables', () => {
    nft(`table ip docker-bridges {
      map nat-postrouting-in-jumps { type ifname : verdict; }
      chain nat-postrouting-in__docker_gwbridge {
        oifname != "docker_gwbridge" ip saddr 172.18.0.0/16 counter masquerade comment "MASQUERADE"
      }
      chain nat-postrouting {
        type nat hook postrouting priority srcnat; policy accept;
        iifname vmap @nat-postrouting-in-jumps
      }
    }`);
    expect(isMasqueraded()).toEqual([false]);
    nft(
      'add element ip docker-bridges nat-postrouting-in-jumps { "docker_gwbridge" : jump nat-postrouting-in__docker_gwbridge }',
    );
    expect(isMasqueraded()).toEqual([undefined]);
    nft('flush ruleset');
    expect(isMasqueraded()).toEqual([false]);
  });

  test.each([
    ['-A POSTROUTING -s 172.16.0.0/12 -j SNAT --to-source 10.0.0.60', true],
    ['-A POSTROUTING -j MASQUERADE', true],
    ['-A POSTROUTING -o eth0 -j MASQUERADE', undefined],
    ['-A POSTROUTING -o eth0 -p tcp -j MASQUERADE', false],
    ['-A POSTROUTING -d 10.0.0.0/8 -j RETURN', false],
  ])('somebody’s own: %s: %s', (rule, is) => {
    nat(rule);
    expect(isMasqueraded()).toEqual([is]);
  });

  test('as firewalld has it: what one chain lets pass another one may translate', () => {
    nft(`table ip filter { chain p { type nat hook postrouting priority 90; ip saddr 172.18.0.0/16 accept; } }
      table inet firewalld { chain p { type nat hook postrouting priority 110; jump zones; }
      chain zones { oifname "eth0" goto zone; }
      chain zone { meta nfproto ipv4 oifname != "lo" masquerade; } }`);
    expect(isMasqueraded()).toEqual([undefined]);
    nft('flush chain inet firewalld zone');
    expect(isMasqueraded()).toEqual([false]);
  });
});
