import { createSocket, type Socket } from 'node:dgram';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DnsRedirect } from '../../src/kernel/rules/dns-redirect.js';
import { LIVE_MS } from '../../src/kernel/rules/dns-rules.js';
import { udpSocketIn } from '../../src/kernel/system/sockets.js';
import { dropNamespace, inside, makeNamespace } from './dns-namespace.js';
import { sendUdp } from './forger.js';

let namespace = '';
let redirect: DnsRedirect;
beforeEach(() => {
  namespace = makeNamespace();
  redirect = new DnsRedirect(namespace);
});
afterEach(() => {
  redirect.close();
  dropNamespace(namespace);
});

const listing = (): string => inside(namespace, 'nft', 'list', 'ruleset').trim();
const live = (): boolean => listing().includes('127.0.0.11 timeout');

/** Sends 40,000 datagrams as fast as it can; what is dropped where it is sent is an error to the sender. */
const FLOOD = `
  const [port, bytes] = process.argv.slice(1).map(Number);
  const socket = require('node:dgram').createSocket('udp4');
  const send = () => new Promise((done) => socket.send(Buffer.alloc(bytes), port, '127.0.0.11', (e) => done(!e)));
  (async () => {
    const began = performance.now();
    let passed = 0, burst = 0;
    for (let n = 0; n < 40000; n += 100) {
      const sent = await Promise.all(Array.from({ length: 100 }, send));
      passed += sent.filter(Boolean).length;
      if (n === 1900) burst = passed;
    }
    console.log(JSON.stringify({ passed, burst, seconds: (performance.now() - began) / 1000 }));
    socket.close();
  })();`;
const STREAM = `
  const { createServer, connect } = require('node:net');
  const began = performance.now();
  let received = 0;
  const server = createServer((client) => {
    client.on('data', (chunk) => { received += chunk.length; });
    client.on('end', () => {
      console.log(JSON.stringify({ received, seconds: (performance.now() - began) / 1000 }));
      client.end();
      server.close();
    });
  });
  server.listen(53, '127.0.0.11', () => connect(53, '127.0.0.11').end(Buffer.alloc(1500000)));`;

describe('the redirect', () => {
  it('is this table', async () => {
    await redirect.ensure(4567);
    expect(
      listing()
        .replace(/expires \S+/, 'expires soon')
        .replaceAll('\t', '  '),
    ).toBe(
      `
table ip tsoverlay-dns {
  set live {
    type ipv4_addr
    size 16
    flags dynamic,timeout
    elements = { 127.0.0.11 timeout 4s expires soon }
  }

  map asked-udp {
    type ipv4_addr . inet_service : inet_service
    size 32768
    flags dynamic,timeout
  }

  map asked-tcp {
    type ipv4_addr . inet_service : inet_service
    size 8192
    flags dynamic,timeout
  }

  chain dns-flood {
    type filter hook output priority raw - 10; policy accept;
    ip saddr 127.0.0.11 ip daddr 127.0.0.11 udp sport 4567 udp dport 4567 update @live { ip daddr timeout 4s } counter packets 0 bytes 0 drop
    ip daddr 127.0.0.11 meta l4proto udp limit rate over 1000/second burst 3000 packets counter packets 0 bytes 0 drop
    ip daddr 127.0.0.11 meta l4proto udp limit rate over 192 kbytes/second burst 448 kbytes counter packets 0 bytes 0 drop
    ip daddr 127.0.0.11 meta l4proto tcp limit rate over 96 kbytes/second burst 1 mbytes counter packets 0 bytes 0 drop
  }

  chain dns-answers {
    type filter hook output priority raw; policy accept;
    ip saddr 127.0.0.11 udp sport 4567 udp sport set ip daddr . udp dport map @asked-udp
    ip saddr 127.0.0.11 tcp sport 4567 tcp sport set ip daddr . tcp dport map @asked-tcp
  }

  chain dns-questions {
    type filter hook input priority 200; policy accept;
    ip saddr != 127.0.0.12 ip daddr @live ct original proto-dst 53 ct status dnat update @asked-udp { ip saddr . udp sport timeout 15s : udp dport } udp dport set 4567
    ip saddr != 127.0.0.12 ip daddr @live ct original proto-dst 53 ct status dnat tcp flags syn / syn,ack update @asked-tcp { ip saddr . tcp sport timeout 30s : tcp dport }
    ip daddr 127.0.0.11 ct original proto-dst 53 ip saddr . tcp sport @asked-tcp update @asked-tcp { ip saddr . tcp sport timeout 30s : tcp dport } tcp dport set 4567
  }
}`.trim(),
    );
  });

  it.each([
    [53, 1],
    [40_053, 1],
    [53, 168],
  ])('lets as many datagrams to the engine as it can answer, at port %i, of %i bytes', async (port, bytes) => {
    await redirect.ensure(4567);
    await redirect.suspend();
    const { passed, burst, seconds } = JSON.parse(
      inside(namespace, process.execPath, '-e', FLOOD, `${port}`, `${bytes}`),
    );
    expect(burst).toBe(2_000);
    expect(passed).toBeGreaterThan(3_000);
    expect(passed).toBeLessThan(3_000 + 1_100 * seconds);
  });

  it('lets no more through where the kernel cuts many of one packet', async () => {
    await redirect.ensure(4567);
    await redirect.suspend();
    const [packets, questions] = [1_000, Buffer.alloc(64 * 30)];
    const began = performance.now();
    for (let n = 0; n < packets; n++) sendUdp(namespace, '127.0.0.11', questions, { port: 53, segment: 30 });
    const seconds = (performance.now() - began) / 1000;
    const dropped = [...listing().matchAll(/udp limit .* counter packets (\d+)/g)].map(([, count]) => Number(count));
    const passed = packets - dropped.reduce((sum, count) => sum + count, 0);
    const [rate, burst] = [192, 640].map((kilobytes) => (kilobytes * 1024) / (questions.length + 28));
    expect(passed).toBeLessThan(1 + (burst ?? 0) + (rate ?? 0) * seconds);
    expect(passed).toBeGreaterThan(300);
  });

  it('slows a connection to the engine that asks without end, and loses nothing of it', async () => {
    await redirect.ensure(4567);
    await redirect.suspend();
    const { received, seconds } = JSON.parse(inside(namespace, process.execPath, '-e', STREAM));
    expect(received).toBe(1_500_000);
    expect(seconds).toBeGreaterThan(1);
  });

  it('replaces the one that was there, whoever made it', async () => {
    inside(namespace, 'nft', 'table ip tsoverlay-dns { chain other { accept; }; }');
    await redirect.ensure(4567);
    await redirect.ensure(4568);
    expect(listing()).not.toMatch(/other|4567/);
    expect(listing()).toContain('4568');
  });

  describe('of which we have the port', () => {
    let socket: Socket;
    beforeEach(async () => {
      socket = createSocket('udp4').bind({ fd: udpSocketIn(namespace, { address: '127.0.0.11', port: 4567 }) });
      await redirect.ensure(4567);
    });
    afterEach(() => socket.close());

    /** EPERM, where it is dropped at once. */
    const send = (port: number) =>
      new Promise<string>((done) => socket.send('', port, '127.0.0.11', (e) => done(e === null ? 'sent' : `${e}`)));
    const renewed = async () => expect(await send(4567)).toContain('EPERM');

    it('runs out without renewal, and a datagram from the port to itself renews it, also after that', async () => {
      await sleep(LIVE_MS + 300);
      expect(live()).toBe(false);
      await renewed();
      expect(live()).toBe(true);
    });

    it('lives as long as it is renewed, however much else is sent to the engine', async () => {
      for (let passed = 0; passed < LIVE_MS * 1.5; passed += 1000) {
        await sleep(1000);
        expect((await Promise.all(Array.from({ length: 5_000 }, () => send(53)))).join()).toContain('EPERM');
        expect(live()).toBe(true);
        await renewed();
        expect(listing()).toMatch(/expires 3s[5-9]\d\dms|expires 4s/);
      }
    });

    it('does not hold back the datagram where the rules are gone: so that is seen', async () => {
      inside(namespace, 'nft', 'flush', 'ruleset');
      expect(await send(4567)).toBe('sent');
    });
  });

  it('is suspended and removed; what is gone already is gone', async () => {
    await redirect.ensure(4567);
    await redirect.suspend();
    expect(live()).toBe(false);
    await redirect.remove();
    await redirect.remove();
    await redirect.suspend();
    expect(listing()).toBe('');
  });
});
