import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { HostStory } from './host-story.js';

let story: HostStory;
beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  story.stop();
  vi.useRealTimers();
});

it('is hooked at the device of the VTEP, follows it, and comes back when somebody takes it away', async () => {
  story = new HostStory({ accelerate: 'auto' });
  await story.look('accelerator');
  expect(story.done()).toEqual(['hookUnderlay: missing']);
  expect([...story.kernel.hooked]).toEqual([['eth0', '10.0.0.60:4789']]);
  expect(story.acceleration, 'that the kernel has it is to be seen').toBe('undecided');
  await vi.advanceTimersByTimeAsync(1_600);
  expect(story.acceleration).toBe('on');

  story.kernel.hooked.clear();
  await vi.advanceTimersByTimeAsync(1_600);
  expect(story.acceleration, 'while it is mended').toBe('on');
  expect(story.done()).toEqual(['hookUnderlay: missing']);
  expect(story.said()).toEqual(['repaired the short way in at eth0, which somebody had removed']);

  story.kernel.underlay = { link: 'bond0' };
  await vi.advanceTimersByTimeAsync(1_600);
  expect(story.done()).toEqual(['hookUnderlay: missing', 'unhookUnderlay: not wanted there']);
  expect([...story.kernel.hooked.keys()]).toEqual(['bond0']);
});

it('an earlier release’s is replaced, a restart finds its own', async () => {
  story = new HostStory({ accelerate: 'auto' });
  story.kernel.hooked.set('eth0', '');
  expect(story.acceleration).toBe('undecided');
  await story.look('accelerator');
  expect(story.done()).toEqual(['hookUnderlay: not as this process makes it']);
  story.restart();
  expect(story.acceleration).toBe('undecided');
  await story.look('accelerator');
  expect(story.done()).toEqual([]);
  expect(story.acceleration).toBe('on');
});

it('a host that cannot keeps to the ordinary way, says why, and begins when it can', async () => {
  story = new HostStory({ accelerate: 'auto' });
  await story.look('accelerator');
  story.done();
  story.kernel.underlay = { link: 'eth0', hindrance: 'the kernel is 5.10' };
  await vi.advanceTimersByTimeAsync(1_600);
  expect(story.done()).toEqual(['unhookUnderlay: not wanted there']);
  expect(story.acceleration).toBe('off');
  expect(story.rows('host.acceleration')).toEqual([
    'ACCELERATE=auto, but frames take the ordinary way: the kernel is 5.10',
  ]);
  story.kernel.underlay = {};
  await vi.advanceTimersByTimeAsync(1_600);
  expect(story.rows('host.acceleration')[0]).toContain('no device has the address of this host');
  story.kernel.underlay = { link: 'eth0' };
  await vi.advanceTimersByTimeAsync(1_600);
  expect(story.done()).toEqual(['hookUnderlay: missing']);
  expect(story.rows('host.acceleration')).toEqual([]);
});

it('without a guard of ours a firewall of the host’s own is to see VXLAN', async () => {
  story = new HostStory({ accelerate: 'auto', isGuarded: false });
  await story.look('accelerator');
  expect(story.done()).toEqual([]);
  expect(story.rows('host.acceleration')[0]).toContain('VXLAN_GUARD is off');
});

it('off takes away what an earlier setting has left, and then looks no more', async () => {
  story = new HostStory({ accelerate: 'off' });
  story.kernel.hooked.set('eth0', '10.0.0.60:4789');
  expect(story.acceleration).toBe('off');
  await story.look('accelerator');
  expect(story.done()).toEqual(['unhookUnderlay: not wanted there']);
  const { looks } = story.kernel;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(story.kernel.looks).toBe(looks);
});

it('a kernel that refuses keeps the networks out of it', async () => {
  story = new HostStory({ accelerate: 'auto' });
  story.kernel.fails = ({ kind }) => (kind === 'hookUnderlay' ? new Error('EPERM') : undefined);
  await story.look('accelerator');
  await vi.advanceTimersByTimeAsync(10_000);
  expect(story.acceleration).toBe('undecided');
  expect(story.rows('host.accelerator')[0]).toContain('EPERM');
});
