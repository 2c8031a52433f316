/** What opens several things at once opens all of them or none: it is tried again and again, on a host that has too few. */
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Wire } from '../../src/kernel/bpf/wire.js';
import { CryptSpaces } from '../../src/kernel/crypt/crypt-space.js';
import { ForeignRules } from '../../src/kernel/host-parts/foreign-rules.js';
import { withCard } from '../../src/kernel/links/container-link.js';
import { inLine } from '../../src/kernel/netfilter/lines.js';
import { Rtnetlink } from '../../src/kernel/netlink/rtnetlink.js';
import { Namespaces } from '../../src/kernel/networks/namespaces.js';
import { NftConsulGuard } from '../../src/kernel/rules/consul-guard.js';
import { PortFilters } from '../../src/kernel/rules/port-filters.js';
import { HostUplinkRules } from '../../src/kernel/rules/uplink-rules.js';
import { VxlanGuard } from '../../src/kernel/rules/vxlan-guard.js';
import { createNamespace, withNamespace } from '../../src/kernel/system/netns.js';
import type { CardPlan } from '../../src/model/plan/namespace-plan.js';
import { CRYPT_NAMESPACE } from '../../src/model/values/names.js';
import { Bench, type Host, NS } from './bench.js';
import { left, withLeft } from './few-descriptors.js';

/** More than any of them wants. */
const MOST = 12;

let bench: Bench;
let host: Host;
let socket: Rtnetlink;
beforeEach(async () => {
  bench = new Bench();
  host = bench.host('host');
  await host.network('172.16.1.254/24');
  socket = withNamespace(host.path, () => new Rtnetlink());
  createNamespace(`${host.netnsDir}/${CRYPT_NAMESPACE}`);
});
afterEach(() => {
  socket.close();
  bench.close();
});

/** Sockets of nf_tables are closed by a pool thread, one after the other. */
async function closed(): Promise<void> {
  await turn();
  await inLine('closing', async () => undefined);
}

/** Opens it and ends it again. */
const onHost = (make: () => { close(): void }) => withNamespace(host.path, make).close();

const USES: Readonly<Record<string, () => unknown>> = {
  'filters of ports': async () => {
    const filters = new PortFilters({ within: (work) => withNamespace(host.inside, work) });
    try {
      await filters.observe(new Map(), 'all rules');
    } finally {
      filters.close();
    }
  },
  'the guard of VXLAN': () => onHost(() => new VxlanGuard(4, 'on', 4789)),
  'the guard of Consul': () => onHost(() => new NftConsulGuard()),
  'rules for ways out': () => onHost(() => new HostUplinkRules()),
  'rules of others': () => onHost(() => new ForeignRules(4789)),
  "a network's namespace": async () => {
    const spaces = new Namespaces(host.netnsDir);
    try {
      await spaces.open(NS);
    } finally {
      spaces.close();
    }
  },
  'the mesh': () => {
    const mesh = new CryptSpaces(host.netnsDir);
    try {
      mesh.open();
    } finally {
      mesh.close();
    }
  },
  'a card that is put back': () => withCard({ sandbox: host.inside } as CardPlan, async () => undefined),
  'maps of the short way': async () => {
    const wire = new Wire(socket);
    try {
      await wire.listed(256);
    } finally {
      wire.close();
    }
  },
};

test.each(Object.entries(USES))('%s', async (_, use) => {
  await use();
  await closed();
  for (let count = 0; count <= MOST; count++) {
    const outcome = await withLeft(count, async () => {
      const outcome = await Promise.resolve()
        .then(use)
        .then(() => undefined, String);
      await closed();
      expect(left()).toBe(count);
      return outcome;
    });
    if (outcome === undefined) return;
    expect(outcome).toMatch(/EMFILE|ENFILE|too many open files/);
  }
  expect.fail(`it wants more than ${MOST}`);
});
