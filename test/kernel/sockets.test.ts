import { createSocket, type RemoteInfo } from 'node:dgram';
import { once } from 'node:events';
import { readdirSync, readlinkSync, statSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { socketOf } from '../../src/dns/serving/conversation.js';
import { isKernelError } from '../../src/errors.js';
import { raiseLoopback } from '../../src/kernel/networks/loopback.js';
import { createNamespace } from '../../src/kernel/system/netns.js';
import { portOf, tcpConnectIn, tcpListenerIn, udpSocketIn } from '../../src/kernel/system/sockets.js';
import { closeAll, dropNamespace, freePath, inside, makeNamespace } from './dns-namespace.js';

const any = { address: '127.0.0.12', port: 0 };
let namespace = '';
beforeEach(() => {
  namespace = makeNamespace();
});
afterEach(() => dropNamespace(namespace));

const codeOf = (work: () => void): string | undefined => {
  try {
    work();
  } catch (e) {
    return isKernelError(e) ? e.code : String(e);
  }
  return undefined;
};

describe('a socket', () => {
  it('is bound in the namespace, and nowhere else', () => {
    const udp = udpSocketIn(namespace, any);
    const tcp = tcpListenerIn(namespace, { ...any, port: portOf(udp) });
    const listening = inside(namespace, 'cat', '/proc/self/net/udp', '/proc/self/net/tcp');
    const bound = `0C00007F:${portOf(udp).toString(16).toUpperCase().padStart(4, '0')}`;
    expect(listening.split(bound)).toHaveLength(3);
    closeAll(udp, tcp);
  });

  it('leaves every thread of this process where it was', () => {
    closeAll(udpSocketIn(namespace, any), tcpListenerIn(namespace, any));
    const own = readlinkSync('/proc/self/ns/net');
    const threads = readdirSync('/proc/self/task').map((task) => readlinkSync(`/proc/self/task/${task}/ns/net`));
    expect(new Set(threads)).toEqual(new Set([own]));
    expect(own).not.toContain(String(statSync(namespace).ino));
  });

  it('that is bound once the loopback device has been raised answers from its own address', async () => {
    const dark = freePath();
    createNamespace(dark);
    await raiseLoopback(dark);
    await raiseLoopback(dark);
    const [asking, answering] = [udpSocketIn(dark, { address: '0.0.0.0', port: 0 }), udpSocketIn(dark, any)];
    const client = createSocket('udp4').bind({ fd: asking });
    const server = createSocket('udp4').bind({ fd: answering });
    server.on('message', (message, from) => server.send(message, from.port, from.address));
    client.send('hello', portOf(answering), '127.0.0.12');
    const [, from] = (await once(client, 'message')) as [Buffer, RemoteInfo];
    expect(from.address).toBe('127.0.0.12');
    client.close();
    server.close();
    dropNamespace(dark);
  });

  it('is refused with the errno: port taken, no namespace', () => {
    const udp = udpSocketIn(namespace, any);
    expect(codeOf(() => udpSocketIn(namespace, { ...any, port: portOf(udp) }))).toBe('EADDRINUSE');
    expect(codeOf(() => udpSocketIn(`${namespace}-not`, any))).toBe('ENOENT');
    closeAll(udp);
  });

  it('that is refused leaves no descriptor behind', () => {
    const udp = udpSocketIn(namespace, any);
    const taken = portOf(udp);
    const count = (): number => readdirSync('/proc/self/fd').length;
    const before = count();
    for (let i = 0; i < 50; i++) codeOf(() => udpSocketIn(namespace, { address: '127.0.0.12', port: taken }));
    expect(count()).toBe(before);
    closeAll(udp);
  });

  it('connects, or says at its first read that nobody is there', async () => {
    const local = any;
    const listener = tcpListenerIn(namespace, any);
    const there = socketOf(tcpConnectIn(namespace, { local, remote: { ...any, port: portOf(listener) } }));
    expect(there.remotePort).toBe(portOf(listener));
    const refused = async (): Promise<void> => {
      const socket = socketOf(tcpConnectIn(namespace, { local, remote: { ...any, port: 1 } }));
      await once(socket.resume(), 'close');
    };
    await expect(refused()).rejects.toThrow('ECONNREFUSED');
    there.destroy();
    closeAll(listener);
  });

  it('costs well under a millisecond', () => {
    const began = process.hrtime.bigint();
    for (let i = 0; i < 200; i++) closeAll(udpSocketIn(namespace, any));
    const ms = Number(process.hrtime.bigint() - began) / 1e6 / 200;
    console.info(`a UDP socket in a namespace: ${ms.toFixed(3)} ms`);
    expect(ms).toBeLessThan(2);
  });
});
