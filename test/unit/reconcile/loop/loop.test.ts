import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { UserError } from '../../../../src/errors.js';
import { Loop } from '../../../../src/reconcile/loop/loop.js';
import { heardRows } from '../../health/heard.js';

const loops: Loop<string>[] = [];
const loop = (
  pass: (key: string) => Promise<boolean>,
  resyncMs = 60_000,
  row = (key: string) => heardRows().rows.of('host.network').row(key),
) => {
  const made = new Loop<string>(pass, { resyncMs: () => resyncMs, row, describe: (k) => `key ${k}` });
  loops.push(made);
  return made;
};
afterEach(() => {
  for (const l of loops.splice(0)) void l.stop();
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
    await turn();
    for (let i = 0; i < 5; i++) l.kick('a');
    await sleep(50);
    expect(passes).toBe(2);
  });

  it('is stopped once no pass is under way, and begins none after that', async () => {
    const told: string[] = [];
    const l = loop(async (key) => {
      told.push(`${key} begins`);
      await sleep(20);
      told.push(`${key} ends`);
      if (key === 'b') throw new Error('no luck');
      return true;
    });
    for (const key of ['a', 'b']) l.kick(key);
    await turn();
    for (const key of ['a', 'c']) l.kick(key);
    const stopped = l.stop();
    l.kick('a');
    await stopped;
    expect(told).toEqual(['a begins', 'b begins', 'a ends', 'b ends']);
    await sleep(150);
    expect(told).toHaveLength(4);
    await l.stop();
  });

  it('serves all that one turn tells, and who waits for it, with one pass', async () => {
    let passes = 0;
    const l = loop(async () => {
      passes++;
      return true;
    });
    l.kick('a');
    await Promise.resolve();
    await l.settled('a', 1_000);
    await sleep(10);
    expect(passes).toBe(1);
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
    await turn();
    wish = 'new';
    await l.settled('a', 1_000);
    expect(seen).toEqual(['old', 'new']);
  });

  it('tries again after a failure, and then settles; its row says how it is', async () => {
    let tries = 0;
    const { rows, all } = heardRows();
    const states: string[] = [];
    const note = () => states.push(`${all()[0]?.state} ${all()[0]?.attempts}`);
    const l = loop(
      async () => {
        note();
        if (++tries < 3) throw new Error('not yet');
        return true;
      },
      60_000,
      (key) => rows.of('host.network').row(key),
    );
    await l.settled('a', 2_000);
    note();
    expect(tries).toBe(3);
    expect(states).toEqual(['pending 0', 'failing 1', 'failing 2', 'ok 0']);
  });

  it('takes the row of a key along that needs no pass any more', async () => {
    const { rows, all, log } = heardRows();
    const l = loop(
      async () => false,
      60_000,
      (key) => rows.of('host.network').row(key),
    );
    await l.settled('a', 1_000);
    await new Promise(setImmediate);
    expect(all()).toEqual([]);
    expect(log.lines).toEqual([]);
  });

  it('rejects who waits at once with what a user must read, and tries on', async () => {
    let tries = 0;
    const refusal = new UserError('VNI 256 is in use by foreign of the host; remove that');
    const l = loop(async () => {
      if (++tries === 1) throw refusal;
      return true;
    });
    const began = performance.now();
    await expect(l.settled('a', 3_000)).rejects.toBe(refusal);
    expect(performance.now() - began).toBeLessThan(100);
    await l.settled('a', 3_000);
    expect(tries).toBe(2);
  });

  it('does not reject who began to wait during the pass that failed so', async () => {
    let tries = 0;
    let settled: Promise<void> | undefined;
    const l = loop(async () => {
      if (++tries > 1) return true;
      settled = l.settled('a', 1_000);
      throw new UserError('refused');
    });
    l.kick('a');
    await vi.waitFor(() => expect(settled).toBeDefined());
    await settled;
    expect(tries).toBe(2);
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
    await vi.waitFor(() => expect(passes).toBe(3));
    await sleep(30);
    expect(passes).toBe(3);
  });

  it('does nothing more once stopped', async () => {
    let passes = 0;
    const l = loop(async () => ++passes > 0, 5);
    l.kick('a');
    await turn();
    void l.stop();
    l.kick('a');
    await sleep(30);
    expect(passes).toBe(1);
  });
});
