import { expect, it } from 'vitest';
import type { AgentStatus } from '../../../src/admin/contract/status.js';
import { type Looks, statusReport } from '../../../src/cli/status-report.js';
import type { NodeAddress } from '../../../src/model/values/types.js';
import { HOST1 } from '../model/fixtures.js';
import { livingNode } from '../nodes.js';

const row = { subject: '', attempts: 1, since: '2026-11-27T03:41:12.000Z', text: 'something is so', cure: 'do it' };
const agent: AgentStatus = {
  agent: { id: '0123456789abcdef', address: HOST1, pid: 7, started: row.since, key: 'held', session: { lost: 0 } },
  store: { servers: ['10.0.0.60:8500'], answered: row.since, ms: 2, confirmed: true },
  ...{ ok: 9, more: 0, rows: [] },
  encryption: { mode: 'off', rotationMs: 0, isUp: false, keys: [], made: 0, waiting: [], peers: [] },
};
const looks: Looks = {
  ...{ agent, guard: { drops: new Map() }, port: 4789, troubles: [] },
  cluster: {
    from: 'store',
    value: {
      ...{ self: HOST1 as NodeAddress, fill: [], lines: [], warnings: [], exposed: [], ms: 1 },
      status: { nodes: [livingNode(HOST1)], networks: [], endpoints: [], unreadable: [] },
    },
  },
};
const linesOf = (change: Partial<AgentStatus>) => statusReport({ ...looks, agent: { ...agent, ...change } });

it('says what the one that serves goes by, and since when', () => {
  const known = (store: Partial<AgentStatus['store']>) =>
    linesOf({ store: { ...agent.store, ...store } }).lines.find((line) => line.includes('knows of the cluster'));
  expect(known({})).toBe(
    '  all that it knows of the cluster is from the store, which answered last at 2026-11-27T03:41:12Z',
  );
  expect(known({ confirmed: false })).toContain(
    'some of what it knows of the cluster is from its copy; the store answered',
  );
  expect(known({ confirmed: false, answered: null })).toMatch(/; the store has not answered yet$/);
  expect(known({ servers: [], answered: null })).toMatch(/the store, which is a file of this host$/);
});

it('leaves out no row, and is wrong for none of little weight', () => {
  const minor = { ...row, code: 'store.watch', state: 'pending', severity: 'low' } as const;
  const { lines, json, exit } = linesOf({ rows: [minor] });
  expect(lines.at(-1)).toBe('of little weight: store.watch pending since 2026-11-27T03:41:12Z');
  expect([json.minor, json.rows, exit]).toEqual([[minor], [], 0]);
  const grave = { ...minor, code: 'store.news', severity: 'high' } as const;
  expect(linesOf({ rows: [grave] })).toMatchObject({
    exit: 1,
    lines: expect.arrayContaining([
      'not yet: something is so (store.news, since 2026-11-27T03:41:12Z)',
      '  cure: do it',
    ]),
  });
});
