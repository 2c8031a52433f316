import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { Loop } from '../../../../src/reconcile/loop/loop.js';

const loops: Loop<string>[] = [];
const loop = (pass: (key: string) => Promise<boolean>, resyncMs = 60_000, errors: unknown[] = []) => {
  const made = new Loop<string>(pass, {
    resyncMs: () => resyncMs,
    onError: (_, e) => errors.push(e),
    describe: (k) => `key ${k}`,
  });
  loops.push(made);
  return made;
};
afterEach(() => {
  for (const l of loops.splice(0)) l.stop();
});

describe('Loop', () => {
  it('coalesces what comes in during a pass into exactly one more', async () => {
    let passes = 0;
    const l = loop(async () => {
      passes++;
      await sleep(10);
      return true;
    });
    l.kick('a');
    for (let i = 0; i < 5; i++) l.kick('a');
    await sleep(50);
    expect(passes).toBe(2);
  });

  it('never runs one key twice at a time, but several keys side by side', async () => {
    const running = new Map<string, number>();
    let most = 0;
    const l = loop(async (key) => {
      running.set(key, (running.get(key) ?? 0) + 1);
      expect(running.get(key)).toBe(1);
      most = Math.max(
        most,
        [...running.values()].reduce((a, b) => a + b),
      );
      await sleep(5);
      running.set(key, 0);
      return true;
    });
    await Promise.all(['a', 'b', 'a', 'b'].map((key) => l.settled(key, 1_000)));
    expect(most).toBe(2);
  });

  it('settles only by a pass that began after the call', async () => {
    const seen: string[] = [];
    let wish = 'old';
    const l = loop(async () => {
      const read = wish;
      await sleep(10);
      seen.push(read);
      return true;
    });
    l.kick('a');
    wish = 'new';
    await l.settled('a', 1_000);
    expect(seen).toEqual(['old', 'new']);
  });

  it('tries again after a failure, and then settles', async () => {
    let tries = 0;
    const errors: unknown[] = [];
    const l = loop(
      async () => {
        if (++tries < 3) throw new Error('not yet');
        return true;
      },
      60_000,
      errors,
    );
    await l.settled('a', 2_000);
    expect([tries, errors.length]).toEqual([3, 2]);
  });

  it('says at the deadline what did not come about, and why', async () => {
    const l = loop(async () => {
      throw new Error('EBUSY');
    });
    await expect(l.settled('a', 30)).rejects.toThrow('key a was not ready within 0.03 s: EBUSY');
  });

  it('repeats on a timer as long as the key is needed', async () => {
    let passes = 0;
    const l = loop(async () => ++passes < 3, 5);
    l.kick('a');
    await sleep(80);
    expect(passes).toBe(3);
  });

  it('does nothing more once stopped', async () => {
    let passes = 0;
    const l = loop(async () => ++passes > 0, 5);
    l.kick('a');
    await sleep(1);
    l.stop();
    l.kick('a');
    await sleep(30);
    expect(passes).toBe(1);
  });
});
