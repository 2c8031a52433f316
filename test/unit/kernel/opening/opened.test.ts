import { expect, it, vi } from 'vitest';
import { Opened } from '../../../../src/kernel/opening/opened.js';

it('is opened once for all who use it, and closed once', async () => {
  const [open, end] = [vi.fn(async () => 'it'), vi.fn()];
  const opened = new Opened(open, end);
  expect(opened.current).toBeUndefined();
  expect(await Promise.all([opened.get(), opened.get()])).toEqual(['it', 'it']);
  opened.close();
  opened.close();
  await Promise.resolve();
  await expect(opened.get()).rejects.toMatchObject({ code: 'ECANCELED' });
  expect([open.mock.calls.length, end.mock.calls]).toEqual([1, [['it']]]);
});

it('is opened anew after a failure, which nobody is told of but those who came for it', async () => {
  const open = vi.fn(async () => 'it').mockRejectedValueOnce(new Error('too many files'));
  const end = vi.fn();
  const opened = new Opened(open, end);
  const outcomes = await Promise.allSettled([opened.get(), opened.get()]);
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(await opened.get()).toBe('it');
  const failing = new Opened(() => Promise.reject(new Error('too many files')), end);
  const failed = failing.get();
  failing.close();
  await expect(failed).rejects.toThrow('too many files');
  expect(end).not.toHaveBeenCalled();
});
