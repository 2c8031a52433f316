import { expect, it } from 'vitest';
import { engineReport } from '../../../lab/bench/report/report.js';
import type { Taken } from '../../../lab/bench/run.js';

const stay = (run: number, name = 0) => ({ run, name, remove: run });
const traffic = (perSecond: number) => {
  const exchange = { perSecond, cpu: 1e6 / perSecond };
  return { tcp: exchange, udp: exchange, near: exchange, streams: { one: 8e9, eight: 9e9, flood: 1e9 } };
};
const call = (method: string, ms: number) => ({ method, ms });
const calls = [
  ...[call('RequestAddress', 1), call('CreateEndpoint', 2), call('Join', 4)],
  ...[call('Leave', 1), call('DeleteEndpoint', 1), call('ReleaseAddress', 1)],
];
const attaches = { rounds: [{ none: 100, floor: 160, rival: 400, tsoverlay: 200, oneCard: 130 }], calls };

const taken: Taken = {
  engine: '28.5.2',
  rival: 'swarm',
  first: attaches,
  beside: attaches,
  backToBack: calls,
  stays: {
    rounds: [{ none: stay(90), floor: stay(150), rival: stay(190, 5), tsoverlay: stay(140, 6) }],
    floor: { rival: [3], tsoverlay: [4] },
  },
  creations: [{ none: 300, rival: 700, tsoverlay: 400 }],
  traffic: [
    { host: traffic(40_000), rival: traffic(20_000), tsoverlay: traffic(22_000), accelerated: traffic(25_000) },
  ],
  idle: { seconds: 5, cpuSeconds: 0.1, rssMiB: 90 },
  starts: [250],
};

it('times of containers are what they take longer than without a network, a name has its own', () => {
  const { times, calls: seen } = engineReport(taken);
  expect(times.first.of.floor?.median).toBe(60);
  expect(times.first.times.tsoverlay?.value).toBeCloseTo(1 / 3);
  expect(times.beside.times.oneCard?.value).toBeCloseTo(0.1);
  expect(times.run.times.tsoverlay?.value).toBe(0.5);
  expect(times.name.of.tsoverlay?.median).toBe(6);
  expect(times.creation.times.tsoverlay?.value).toBe(0.25);
  expect(seen.first.attach.median).toBe(7);
});

it('rates and costs are beside the own driver of Docker, which has no ratio', () => {
  const { tcp, tcpCpu, one } = engineReport(taken).traffic;
  expect(tcp.times.accelerated?.value).toBe(1.25);
  expect(tcpCpu.times.accelerated?.value).toBeCloseTo(0.8);
  expect(one.of.host?.median).toBe(8);
  expect(tcp.times.rival).toBeUndefined();
});
