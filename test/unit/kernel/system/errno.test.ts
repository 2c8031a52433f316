import { statSync } from 'node:fs';
import { expect, test } from 'vitest';
import { KernelError } from '../../../../src/errors.js';
import { errorIn } from '../../../../src/kernel/netlink/answer.js';
import { errnoSymbol, fromNode, kernelError } from '../../../../src/kernel/system/errno.js';

test.each([
  [17, 'EEXIST'],
  [11, 'EAGAIN'],
  [95, 'EOPNOTSUPP'],
  [54, 'EXFULL'],
  [4242, 'errno 4242'],
])('%i is %s', (errno, symbol) => expect(errnoSymbol(errno)).toBe(symbol));

test('an error keeps its errno as data', () => {
  expect(kernelError('ip link show', 'ENODEV')).toMatchObject({ verb: 'ip link show', errno: 19, code: 'ENODEV' });
});

test('Node’s errors become kernel errors, others stay', () => {
  const missing = (() => {
    try {
      return statSync('/nowhere');
    } catch (e) {
      return e;
    }
  })();
  expect(fromNode('stat', missing)).toEqual(new KernelError('stat', 2, 'ENOENT'));
  expect(fromNode('stat', 'text')).toBe('text');
});

test('an exchange ends with an acknowledgement, an error, or the status of a dump', () => {
  const end = (type: number, errno: number) => {
    const data = Buffer.alloc(20);
    data.writeInt32LE(errno);
    return errorIn('verb', { type, flags: 0, seq: 1, port: 0, data });
  };
  expect(end(2, 0)).toBeUndefined();
  expect(end(2, -17)).toMatchObject({ errno: 17, code: 'EEXIST' });
  expect(end(3, 0)).toBeUndefined();
  expect(end(3, -90)).toMatchObject({ code: 'EMSGSIZE' });
});
