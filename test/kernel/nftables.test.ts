import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isKernelError } from '../../src/errors.js';
import { LIVE_MS, Redirect } from '../../src/kernel/nftables.js';
import { dropNamespace, inside, makeNamespace } from './dns-namespace.js';

let namespace = '';
let redirect: Redirect;
beforeEach(() => {
  namespace = makeNamespace();
  redirect = new Redirect(namespace);
});
afterEach(() => {
  redirect.close();
  dropNamespace(namespace);
});

const listing = (): string => inside(namespace, 'nft', 'list', 'ruleset').trim();
const live = (): boolean => listing().includes('127.0.0.11 timeout');

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
    flags timeout
    elements = { 127.0.0.11 timeout 4s expires soon }
  }

  chain dns-udp {
    type filter hook output priority raw; policy accept;
    ip saddr != 127.0.0.12 ip daddr @live udp dport 53 notrack ip daddr set 127.0.0.12 udp dport set 4567
    ip saddr 127.0.0.12 udp sport 4567 notrack ip saddr set 127.0.0.11 udp sport set 53
  }

  chain dns-tcp {
    type nat hook output priority -110; policy accept;
    ip saddr != 127.0.0.12 ip daddr @live tcp dport 53 dnat to 127.0.0.12:4567
  }
}`.trim(),
    );
  });

  it('replaces the one that was there, whoever made it', async () => {
    inside(namespace, 'nft', 'table ip tsoverlay-dns { chain other { accept; }; }');
    await redirect.ensure(4567);
    await redirect.ensure(4568);
    expect(listing()).not.toMatch(/other|4567/);
    expect(listing()).toContain('4568');
  });

  it('runs out without renewal, and is renewed also after that', async () => {
    await redirect.ensure(4567);
    await sleep(LIVE_MS + 300);
    expect(live()).toBe(false);
    await redirect.renew();
    expect(live()).toBe(true);
  });

  it('lives as long as it is renewed', async () => {
    await redirect.ensure(4567);
    for (let passed = 0; passed < LIVE_MS * 1.5; passed += 1000) {
      await sleep(1000);
      expect(live()).toBe(true);
      await redirect.renew();
      expect(listing()).toMatch(/expires 3s[5-9]\d\dms|expires 4s/);
    }
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

  it('says ENOENT when there is none to renew', async () => {
    let thrown: unknown;
    try {
      await redirect.renew();
    } catch (e) {
      thrown = e;
    }
    expect(isKernelError(thrown, 'ENOENT')).toBe(true);
  });

  it('leaves nothing of a batch that was refused', async () => {
    await redirect.ensure(4567);
    inside(namespace, 'nft', 'flush', 'chain', 'ip', 'tsoverlay-dns', 'dns-udp');
    inside(namespace, 'nft', 'flush', 'chain', 'ip', 'tsoverlay-dns', 'dns-tcp');
    inside(namespace, 'nft', 'delete', 'set', 'ip', 'tsoverlay-dns', 'live');
    const before = listing();
    await expect(redirect.renew()).rejects.toThrow('ENOENT');
    expect(listing()).toBe(before);
  });

  it('costs well under a millisecond to renew', async () => {
    await redirect.ensure(4567);
    await sleep(100);
    const began = process.hrtime.bigint();
    await redirect.renew();
    const ms = Number(process.hrtime.bigint() - began) / 1e6;
    console.info(`a renewal: ${ms.toFixed(3)} ms`);
    expect(ms).toBeLessThan(20);
  });
});
