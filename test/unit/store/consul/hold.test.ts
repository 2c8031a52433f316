import { expect, test, vi } from 'vitest';
import { ConsulHold } from '../../../../src/store/consul/hold.js';
import type { ConsulSessions } from '../../../../src/store/consul/session.js';

const KEY = 'tsoverlay/nodes/10.0.0.60';
const VALUE = JSON.stringify({ id: '0123456789abcdef', hostname: 'docker01' });

test('a session of its own that a server denied for a moment is no copy of this host', async () => {
  let made = 0;
  let held: { session: string; value: string; everHeld: boolean } | undefined;
  let denies = false;
  const destroyed: string[] = [];
  const sessions = {
    ttlSeconds: 10,
    create: async () => `session ${++made}`,
    renew: async () => !denies,
    holder: async () => held,
    destroy: async (id: string) => {
      destroyed.push(id);
      if (held?.session === id) held = undefined;
    },
    lock: async (_: string, value: string, session: string) => {
      if (held !== undefined && held.session !== session) return false;
      held = { session, value, everHeld: true };
      return true;
    },
  };
  vi.useFakeTimers();
  const onError = vi.fn();
  const hold = new ConsulHold(sessions as unknown as ConsulSessions, KEY, VALUE, onError, () => {});
  await hold.start();
  denies = true;
  await vi.advanceTimersByTimeAsync(4_000);
  denies = false;
  await vi.advanceTimersByTimeAsync(4_000);
  hold.stop();
  vi.useRealTimers();
  expect(onError).not.toHaveBeenCalled();
  expect(destroyed).toEqual(['session 1']);
  expect(held?.session).toBe('session 2');
});
