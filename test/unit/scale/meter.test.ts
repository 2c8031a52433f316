import { describe, expect, it } from 'vitest';
import { costOf, uses } from '../../lab/scale/meter.js';
import { isLeaseList, isWrite, parseRequests } from '../../lab/scale/requests.js';

describe('what an event costs', () => {
  const reading = (at: number, cpu: number, received: number) => ({ at, cpu, received });

  it('is what is used beyond an idle host, and what happens once in a while is only in the mean', () => {
    const idle = uses([reading(0, 0, 0), reading(1000, 2, 100), reading(2000, 4, 200)]);
    const events = uses([reading(0, 0, 0), reading(500, 5, 1050), reading(1000, 10, 2100), reading(1500, 45, 3150)]);
    expect(costOf(events, idle)).toEqual({
      cpu: 4,
      received: 1000,
      cpuWithAll: 14,
      receivedWithAll: 1000,
      cpuNoise: 0,
    });
  });
});

describe("Consul's log", () => {
  const line = (method: string, url: string) =>
    `    2026-11-26T21:00:00.000Z [DEBUG] agent.http: Request finished: method=${method} url=${url} from=10.0.0.61:4711 latency=1ms`;

  it('tells requests, and leaves all else out', () => {
    const log = [line('PUT', '/v1/txn'), '    [INFO] agent: Synced node info', line('GET', '/v1/kv/a?index=7')].join(
      '\n',
    );
    expect(parseRequests(log)).toEqual([
      { method: 'PUT', url: '/v1/txn', from: '10.0.0.61' },
      { method: 'GET', url: '/v1/kv/a?index=7', from: '10.0.0.61' },
    ]);
  });

  it('knows transactions, and lists of leases from a lease', () => {
    const [write, list, lease] = parseRequests(
      [
        line('PUT', '/v1/txn'),
        line('GET', '/v1/kv/tsoverlay/addresses/172.16.0.0-16/?recurse=true'),
        line('GET', '/v1/kv/tsoverlay/addresses/172.16.0.0-16/172.16.0.2?consistent='),
      ].join('\n'),
    );
    expect([write, list, lease].map((r) => r && isWrite(r))).toEqual([true, false, false]);
    expect([write, list, lease].map((r) => r && isLeaseList(r))).toEqual([false, true, false]);
  });
});
