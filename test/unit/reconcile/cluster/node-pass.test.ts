import { expect, test, vi } from 'vitest';
import type { HostFacts } from '../../../../src/model/ports/kernel-port.js';
import { NodePass } from '../../../../src/reconcile/cluster/node-pass.js';
import { heardRows } from '../../health/heard.js';

const FACTS: HostFacts = { hasGwbridge: false, gwbridgeNetworks: [], routes: [], underlayMtu: 1500 };

test('tells what it has seen before it publishes that, and whatever becomes of it', async () => {
  const told: string[] = [];
  const facts = { ...FACTS, underlayMtu: 9000 };
  const pass = new NodePass({
    kernel: { hostFacts: async () => facts },
    registration: { publish: () => Promise.reject(new Error('no store')), waitMs: Number.POSITIVE_INFINITY },
    facts: FACTS,
    rows: heardRows().rows,
  });
  pass.onLook(() => told.push(`MTU ${pass.facts.underlayMtu}`));
  pass.kick();
  await vi.waitFor(() => expect(told).toEqual(['MTU 9000']));
  void pass.stop();
});

test('looks again as soon as something is to be told', async () => {
  let looks = 0;
  const pass = new NodePass({
    kernel: { hostFacts: async () => FACTS },
    registration: { publish: async () => void looks++, waitMs: 20 },
    facts: FACTS,
    rows: heardRows().rows,
  });
  pass.kick();
  await vi.waitFor(() => expect(looks).toBeGreaterThan(1), 5_000);
  void pass.stop();
});
