/** What all else stands on: the kernel, the store, what DATA_DIR remembers, and who this host is. */
import type { Config } from '../config/config.js';
import { UserError } from '../errors.js';
import type { Log } from '../health/events.js';
import { Measures } from '../health/measures.js';
import type { Rows } from '../health/rows.js';
import { LinuxKernel } from '../kernel/host.js';
import { readOrigin } from '../kernel/system/origin.js';
import { nodeAddressTrouble } from '../model/values/canonical.js';
import { keys } from '../model/values/names.js';
import { Drain } from '../registry/nodes/drain.js';
import { Identity } from '../registry/nodes/identity.js';
import { carriedBy, findSelf, SelfFinder } from '../registry/nodes/self.js';
import { TenantStore, Tenure } from '../registry/nodes/tenure.js';
import { CopyFile } from '../store/data-dir/cluster-copy.js';
import { CryptKeys } from '../store/data-dir/crypt-keys.js';
import { HostMemory } from '../store/data-dir/host-memory.js';
import { openStore } from '../store/open.js';
import { StorePulse } from '../store/pulse.js';

/** How long a start waits for the store before it goes by what this host knew last, ms. */
export const PATIENCE_MS = 3_000;

export type Ground = Awaited<ReturnType<typeof layGround>>;

/** Rejects with a UserError when a setting or the host forbids to go on. */
export async function layGround(config: Config, log: Log, rows: Rows) {
  const { advertise: address, vxlanPort } = config;
  const trouble = nodeAddressTrouble(address);
  if (trouble !== undefined)
    throw new UserError(
      `CLUSTER_ADVERTISE is ${address}, one of ${trouble}, at which no other host can reach this one; use another address`,
    );
  const kernel = new LinuxKernel({ advertise: address });
  const facts = await kernel.hostFacts();
  const memory = HostMemory.open(config.dataDir, rows);
  const meshKeys = CryptKeys.open(config.dataDir, config.encryption.port, rows);
  const copyFile = new CopyFile(config.dataDir, rows);
  const measures = new Measures();
  const pulse = new StorePulse();
  const versioned = await openStore(config, log, rows, measures, pulse);
  const identity = new Identity(versioned, memory, vxlanPort);
  const origin = readOrigin();
  const finder = new SelfFinder({
    ...{ store: versioned, memory, origin, address },
    carried: () => carriedBy(kernel),
    onClone: (copied, id) => {
      log.warn(
        { event: 'id-copied', copied, id },
        "DATA_DIR is a copy of another host's: this host gets an id and keys of its own",
      );
      meshKeys.renew();
    },
  });
  const settings = { check: () => Promise.all([versioned.check(), identity.check()]) };
  const self = await findSelf(finder, settings, () => copyFile.load()?.[keys.nodes] ?? [], PATIENCE_MS);
  const tenure = new Tenure(rows.of('node.key').row());
  const store = new TenantStore(versioned, tenure);
  const drain = new Drain(memory, rows.of('node.drained').row());
  const known = { memory, copyFile, pulse, measures, versioned, meshKeys };
  return { ...known, kernel, facts, identity, origin, finder, self, tenure, store, drain };
}
