import { expect, it } from 'vitest';
import { textOf } from '../../src/log.js';

it('LOG_FORMAT=text is a line for people, with all that the JSON has', () => {
  const line = {
    ...{ level: 'warn', time: '2026-11-27T03:41:12.123Z', host: 'docker01', event: 'row', code: 'store.record' },
    ...{ unlogged: 3, msg: 'a record of the store is left out' },
  };
  expect(textOf(JSON.stringify(line))).toBe(
    '2026-11-27T03:41:12.123Z WARN  row: a record of the store is left out (code=store.record, unlogged=3)',
  );
});
