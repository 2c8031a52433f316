/**
 * What docs/security.md says of NET_ADMIN without userns-remap: a container may have devices whose sockets and cards are its
 * host's, through the number that its own card's peer has for it. No rule tells what they send from the host's own.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { inside } from './dns-namespace.js';
import { sendUdp } from './forger.js';
import { GuardedHosts, OURS } from './guarded-hosts.js';

let hosts: GuardedHosts;
beforeEach(async () => {
  hosts = await GuardedHosts.make(4, 'conntrack', 'on');
});
afterEach(() => hosts.close());

const NET_ADMIN = ['setpriv', '--bounding-set=-all,+net_admin', '--inh-caps=-all'];
const OWN = 'link add own link-netnsid 0 type vxlan id 7 dstport 5000 local';

it('a VXLAN device with its socket in the host sends into any network', async () => {
  const { b, container, at } = hosts;
  const [{ link_netnsid: peer }] = JSON.parse(inside(container, 'ip', '-j', 'link', 'show', 'eth0'));
  expect(peer).toBe(0);
  const run = (line: string) => inside(container, ...NET_ADMIN, ...line.split(' '));
  run(`ip ${OWN} ${at.a}`);
  run(`bridge fdb add 00:00:00:00:00:00 dev own dst ${at.b} port 4789 vni ${OURS}`);
  run('ip address add 172.30.0.1/24 dev own');
  run('ip link set own up');
  const forge = () => sendUdp(container, '172.30.0.255', Buffer.from('hello'), { port: 9 });
  expect(await hosts.received(b, OURS, forge)).toBeGreaterThan(0);
});

it("a macvlan device of the host's card puts it on the LAN", () => {
  const { a, b, container, at } = hosts;
  const index = JSON.parse(inside(a, 'ip', '-j', 'link', 'show', 'eth0'))[0].ifindex;
  // Of as few links as a host has, its card's index is soon guessed.
  const line = `ip link add link if${index} link-netnsid 0 name lan type macvlan mode bridge`;
  inside(container, ...NET_ADMIN, ...line.split(' '));
  inside(container, 'ip', 'address', 'add', '10.0.0.98/24', 'dev', 'lan');
  inside(container, 'ip', 'link', 'set', 'lan', 'up');
  expect(inside(container, 'busybox', 'ping', '-c1', '-W2', at.b)).toContain(' 0% packet loss');
  expect(inside(b, 'ip', 'neigh', 'show', '10.0.0.98')).toContain('lladdr');
});

it('not from a user namespace of its own', async () => {
  const { a, at } = hosts;
  const child = spawn('unshare', ['--user', '--map-root-user', '--net', 'sh', '-c', 'echo; exec sleep 30']);
  try {
    await once(child.stdout, 'data');
    const remapped = (...command: string[]) => inside(`/proc/${child.pid}/ns/net`, ...command);
    inside(a, 'ip', ...`link add port2 type veth peer name eth0 netns ${child.pid}`.split(' '));
    expect(JSON.parse(remapped('ip', '-j', 'link', 'show', 'eth0'))[0].link_netnsid).toBe(0);
    const within = (line: string) =>
      inside(
        a,
        'nsenter',
        `--target=${child.pid}`,
        '--user',
        '--net',
        '--preserve-credentials',
        'ip',
        ...line.split(' '),
      );
    within('link add own0 type bridge');
    expect(() => within(`${OWN} ${at.a}`)).toThrow('Operation not permitted');
  } finally {
    child.kill();
    await once(child, 'exit');
  }
});
