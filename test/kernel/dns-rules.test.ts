/** Rules that a container writes about its resolver: with us in place they do what they do with the engine's alone. */
import { createSocket, type Socket } from 'node:dgram';
import { execa } from 'execa';
import { afterEach, describe, expect, it } from 'vitest';
import { Resolver } from '../../src/dns/serving/resolver.js';
import { udpSocketIn } from '../../src/kernel/system/sockets.js';
import { endpoint, zone } from '../unit/dns/fixtures.js';
import { askTcp, askUdp, dropNamespace, FakeEngine, type Firewall, inside, makeNamespace } from './dns-namespace.js';

const zones = [zone('backnet', [endpoint(['web1'], ['172.16.1.1/24'])])];
const LISTS = { 'iptables-nft': 'iptables-nft', 'iptables-legacy': 'iptables-legacy', nft: 'iptables-nft' } as const;

/** Lines of `iptables`; `moved`: where questions go instead of 127.0.0.11. */
interface RuleSet {
  readonly rules: readonly string[];
  readonly filtering?: true;
}
const ESTABLISHED = '-m conntrack --ctstate ESTABLISHED -j ACCEPT';
const SETS: Readonly<Record<string, RuleSet>> = {
  none: { rules: [] },
  'reject all to it': { rules: ['-A OUTPUT -d 127.0.0.11 -j REJECT'] },
  'drop UDP to it': { rules: ['-A OUTPUT -d 127.0.0.11 -p udp -j DROP'] },
  'reject TCP to it': { rules: ['-A OUTPUT -d 127.0.0.11 -p tcp -j REJECT'] },
  'reject of this user': { rules: ['-A OUTPUT -d 127.0.0.11 -m owner --uid-owner 0 -j REJECT'] },
  'reject of another user': { rules: ['-A OUTPUT -d 127.0.0.11 -m owner --uid-owner 1234 -j REJECT'] },
  'reject of port 53': { rules: ['-A OUTPUT -p udp --dport 53 -j REJECT', '-A OUTPUT -p tcp --dport 53 -j REJECT'] },
  'policy drop': { rules: ['-P OUTPUT DROP'] },
  'policy drop, accept to it': { rules: ['-P OUTPUT DROP', '-A OUTPUT -d 127.0.0.11 -j ACCEPT'] },
  'policy drop, accept to it and what belongs to it': {
    rules: ['-P OUTPUT DROP', '-A OUTPUT -d 127.0.0.11 -j ACCEPT', `-A OUTPUT ${ESTABLISHED}`],
  },
  'policy drop, accept loopback': { rules: ['-P OUTPUT DROP', '-A OUTPUT -o lo -j ACCEPT'] },
  'policy drop inwards, accept what belongs': {
    rules: ['-P INPUT DROP', `-A INPUT ${ESTABLISHED}`, '-A INPUT -d 127.0.0.11 -j ACCEPT'],
  },
  'drop inwards from it': { rules: ['-A INPUT -s 127.0.0.11 -j DROP'] },
  'drop of untracked': { rules: ['-A OUTPUT -m conntrack --ctstate INVALID,UNTRACKED -j DROP'] },
  'redirection to a filtering resolver': {
    rules: ['-t nat -I OUTPUT -p udp --dport 53 -j REDIRECT --to-ports 5353'],
    filtering: true,
  },
};

let undo: (() => void)[] = [];
afterEach(() => {
  for (const work of undo.reverse()) work();
  undo = [];
});

/** What a program gets for a name of the cluster and one of the world, by UDP and TCP: an address, or none. */
async function heard(firewall: Firewall, set: RuleSet, withUs: boolean): Promise<readonly string[]> {
  const namespace = makeNamespace();
  undo.push(() => dropNamespace(namespace));
  const engine = new FakeEngine(namespace, firewall);
  undo.push(() => engine.close());
  for (const rule of set.rules) inside(namespace, LISTS[firewall], '--wait', ...rule.split(' '));
  if (set.filtering) undo.push(filteringResolver(namespace));
  if (withUs) {
    const resolver = new Resolver(namespace, () => zones);
    await resolver.start();
    undo.push(() => resolver.abandon());
  }
  const udp = (name: string) => askUdp(namespace, name, 'A', 500).then(String, () => 'nothing');
  const tcp = (name: string) => askTcp(namespace, name).then(String, () => 'nothing');
  const all = await Promise.all([udp('web1'), udp('example.com'), tcp('web1'), tcp('example.com')]);
  // The stand-in for the engine's resolver knows one address.
  return all.map((answer) => answer.replace('172.16.1.1', '203.0.113.7'));
}

/** Answers by itself, with nothing. */
function filteringResolver(namespace: string): () => void {
  const socket: Socket = createSocket('udp4').bind({ fd: udpSocketIn(namespace, { address: '0.0.0.0', port: 5353 }) });
  socket.on('message', (query, { port, address }) => {
    const answer = Buffer.from(query);
    answer.writeUInt16BE(0x8180, 2);
    socket.send(answer, port, address);
  });
  return () => socket.close();
}

describe.each<Firewall>(['nft', 'iptables-nft', 'iptables-legacy'])('beside the engine’s rules (%s)', (firewall) => {
  it.each(Object.keys(SETS))('%s', async (name) => {
    const set = SETS[name] ?? { rules: [] };
    const [withUs, alone] = await Promise.all([heard(firewall, set, true), heard(firewall, set, false)]);
    expect(withUs).toEqual(alone);
  });
});

describe.each<Firewall>(['iptables-nft', 'iptables-legacy'])('the engine’s rules (%s)', (firewall) => {
  it('that are moved elsewhere, as kind does', async () => {
    const namespace = makeNamespace();
    undo.push(() => dropNamespace(namespace));
    inside(namespace, 'ip', 'address', 'add', '192.168.99.1/24', 'dev', 'lo');
    const engine = new FakeEngine(namespace, firewall);
    undo.push(() => engine.close());
    const saved = inside(namespace, `${firewall}-save`, '-t', 'nat')
      .replaceAll('-d 127.0.0.11', '-d 192.168.99.1')
      .replaceAll('--to-source :53', '--to-source 192.168.99.1:53');
    inside(namespace, 'sh', '-c', `printf '%s' '${saved}' | ${firewall}-restore`);
    const resolver = new Resolver(namespace, () => zones);
    await resolver.start();
    undo.push(() => resolver.abandon());
    const ask = ['busybox', 'nslookup', '-type=a', 'web1', '192.168.99.1'];
    const { stdout } = await execa('nsenter', [`--net=${namespace}`, ...ask]);
    expect(stdout).toContain('172.16.1.1');
  });
});
