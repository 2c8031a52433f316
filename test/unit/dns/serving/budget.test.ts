import { describe, expect, it } from 'vitest';
import { Budget, type Share } from '../../../../src/dns/serving/budget.js';

let now = 0;
const clock = () => now;

/** How many seconds a share lasts when so many units are asked of it each second, in pieces; at most 60. */
function lasts(share: Share, perSecond: number, piece = 1): number {
  const began = now;
  for (; now - began < 60_000; now += 10) {
    for (let units = 0; units < perSecond / 100; units += piece) if (!share.spend(piece)) return (now - began) / 1000;
  }
  return 60;
}

describe('a share', () => {
  it('is enough for 1,000 names a second, and for 600 slow questions at once', () => {
    expect(lasts(new Budget(clock).share(), 1000)).toBe(60);
    const share = new Budget(clock).share();
    for (let i = 0; i < 600; i++) expect(share.spend(6)).toBe(true);
  });

  it('ends soon for who floods, sooner when it has just been over, and is full again after quiet', () => {
    const share = new Budget(clock).share();
    expect(lasts(share, 100_000)).toBeLessThan(0.2);
    share.renew();
    expect(lasts(share, 100_000)).toBeLessThan(0.02);
    now += 5000;
    for (let i = 0; i < 5000; i++) expect(share.spend(1)).toBe(true);
  });

  it('of the quiet is enough while a hundred others spend all they can', () => {
    const budget = new Budget(clock);
    const greedy = Array.from({ length: 100 }, () => budget.share());
    const quiet = budget.share();
    const over = new Map<Share, number>();
    let spent = 0;
    for (const end = now + 60_000; now < end; now += 10) {
      for (const share of greedy) {
        if ((over.get(share) ?? 0) > now) continue;
        for (let i = 0; i < 29; i++, spent++) {
          if (share.spend(1)) continue;
          over.set(share, now + 4000);
          share.renew();
          break;
        }
      }
      expect(quiet.spend(1)).toBe(true);
    }
    // A hundred times 2,900 a second, each by itself within its share.
    expect(spent / 60).toBeLessThan(20_000);
  });

  it('has an end of sockets, a nearer one when others have many', () => {
    const budget = new Budget(clock);
    const take = (share: Share) => {
      let taken = 0;
      while (share.takeSocket()) taken++;
      return taken;
    };
    const first = budget.share();
    expect(take(first)).toBe(1024);
    expect(take(budget.share())).toBe(1024);
    budget.share().takeSocket();
    expect(take(budget.share())).toBe(100);
    for (let i = 0; i < 1024; i++) first.giveSocket();
    expect(take(budget.share())).toBeGreaterThan(100);
  });
});
