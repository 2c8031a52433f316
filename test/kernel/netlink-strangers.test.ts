/** Who has CAP_NET_ADMIN in a container may send to the sockets that we have in its namespace: they hear the kernel alone. */
import { closeSync } from 'node:fs';
import { constants } from 'node:os';
import { afterEach, expect, test } from 'vitest';
import { listLinks } from '../../src/kernel/links/links.js';
import { Changes } from '../../src/kernel/netfilter/changes.js';
import { ask, closeNetfilter, openOwnNetfilter } from '../../src/kernel/netfilter/socket.js';
import { Rtnetlink } from '../../src/kernel/netlink/rtnetlink.js';
import { batch, dump, Msg, NFPROTO, NLM_F_ACK, NLM_F_CREATE, text } from '../../src/kernel/nft/message.js';
import { AF, lastErrno, SOCK, sendto, socket } from '../../src/kernel/system/libc.js';
import { withNamespace } from '../../src/kernel/system/netns.js';
import { dropNamespace, inside, makeNamespace } from './dns-namespace.js';

const [ROUTE, NETFILTER] = [0, 12];
const path = makeNamespace();
const open: (() => void)[] = [];
afterEach(() => {
  for (const close of open.splice(0)) close();
});
process.on('exit', () => dropNamespace(path));

/** The errnos of sending "EPERM", in the kernel's shape, to each socket of others in the namespace; 0 is a success. */
function forge(protocol: number): readonly number[] {
  const all = inside(path, 'cat', '/proc/self/net/netlink').trim().split('\n').slice(1);
  const ports = all.map((line) => line.split(/\s+/)).filter(([, of, port]) => Number(of) === protocol && port !== '0');
  const stranger = withNamespace(path, () => socket(AF.netlink, SOCK.raw | SOCK.cloexec, protocol));
  const errnos = ports.map(([, , port]) => {
    const sent = Number(sendto(stranger, FORGED, FORGED.length, 0, addressOf(Number(port)), 12));
    return sent < 0 ? lastErrno() : 0;
  });
  closeSync(stranger);
  return errnos;
}

/** struct nlmsghdr of NLMSG_ERROR, the errno, and the header of what it answers. */
const FORGED = Buffer.alloc(36);
FORGED.writeUInt32LE(36, 0);
FORGED.writeUInt16LE(2, 4);
FORGED.writeInt32LE(-constants.errno.EPERM, 16);

/** struct sockaddr_nl */
function addressOf(port: number): Buffer {
  const address = Buffer.alloc(12);
  address.writeUInt16LE(AF.netlink, 0);
  address.writeUInt32LE(port >>> 0, 4);
  return address;
}

const REFUSED = [constants.errno.ECONNREFUSED];
const aTable = (): Buffer =>
  batch([{ type: Msg.newTable, flags: NLM_F_ACK | NLM_F_CREATE, attributes: [text(1, 't')] }]);

test('what a container says to the socket of our changes is no answer of the kernel', async () => {
  const changes = withNamespace(path, () => new Changes());
  open.push(() => changes.close());
  await changes.make('nft add table ip t', aTable());
  expect(forge(NETFILTER)).toEqual(REFUSED);
  await changes.make('nft add table ip t', aTable());
  expect(inside(path, 'nft', 'list', 'tables')).toContain('table ip t');
});

test('nor to that of our questions', () => {
  const fd = withNamespace(path, openOwnNetfilter);
  open.push(() => closeNetfilter(fd));
  const tables = () => ask(fd, 'nft list tables', dump(Msg.getTable, [], NFPROTO.ipv4), Msg.newTable).length;
  const before = tables();
  expect(forge(NETFILTER)).toEqual(REFUSED);
  expect(tables()).toBe(before);
});

test('nor to that of its links', async () => {
  const links = withNamespace(path, () => new Rtnetlink());
  open.push(() => links.close());
  await listLinks(links);
  expect(forge(ROUTE)).toEqual(REFUSED);
  expect((await listLinks(links)).map((link) => link.name)).toEqual(['lo']);
});
