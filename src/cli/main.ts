/** The operator's commands. Without one, tsoverlay serves the engine. */
import { Command } from 'commander';
import type { ConsulConfig } from '../config/consul.js';
import { messageOf } from '../errors.js';
import { NOBODY } from '../health/row.js';
import { VxlanGuard } from '../kernel/rules/vxlan-guard.js';
import { readOrigin } from '../kernel/system/origin.js';
import { familyOf } from '../model/values/address.js';
import { shown } from '../model/values/printable.js';
import type { NodeAddress } from '../model/values/types.js';
import { lookForExposure } from '../store/consul/exposure.js';
import { HostMemory } from '../store/data-dir/host-memory.js';
import { openStore } from '../store/open.js';
import type { VersionedStore } from '../store/versioned.js';
import { forgetNode } from './forget.js';
import { rowLines } from './rows.js';
import {
  addressLines,
  exposureLines,
  guardLines,
  readStatus,
  type Status,
  statusLines,
  versionLines,
} from './status.js';

/** Where the cluster is, from the same settings that the server takes. */
export interface Where {
  readonly consul?: ConsulConfig;
  readonly dataDir: string;
  /** Where tsoverlay serves on this host. */
  readonly sockets: readonly [string, ...string[]];
  /** This host's address for the others. */
  readonly advertise: NodeAddress;
  /** UDP port of VXLAN. */
  readonly vxlanPort: number;
}

/** Runs the command in `argv` (as process.argv) and resolves when it is done. Rejects with what it failed of. */
export async function runCommand(argv: readonly string[], where: () => Where): Promise<void> {
  const program = new Command('tsoverlay').description(
    'multi-host overlay networks for plain Docker; without a command: serve the engine, set up by the environment',
  );
  program
    .command('status')
    .description('nodes, networks, what waits for a host to return, and what this host has kept out')
    .action(async () => {
      const troubles = await rowLines(where().sockets[0]);
      try {
        await withStore(where, async (store, consul) => print(await statusOf(where, troubles, store, consul)));
      } catch (e) {
        // What keeps this process from the store may have been told to that one.
        print([...guardOf(where), ...troubles]);
        throw e;
      }
    });
  const node = program.command('node').description('nodes of the cluster');
  node
    .command('forget <address>')
    .description('free what a host that never returns has left behind; refused while it is alive')
    .action((address: string) =>
      withStore(where, async (store) => {
        const { endpoints, addresses } = await forgetNode(store, address);
        print([`forgot ${address}: ${endpoints} endpoints and ${addresses} addresses are free`]);
      }),
    );
  await program.parseAsync(argv);
}

async function statusOf(
  where: () => Where,
  troubles: readonly string[],
  store: VersionedStore,
  consul?: ConsulConfig,
): Promise<readonly string[]> {
  const [status, standing, findings] = await Promise.all([
    readStatus(store),
    store.look(),
    consul ? lookForExposure(consul) : new Map(),
  ]);
  const warnings = [...refusalOf(where, status), ...exposureLines(findings)];
  // What the server says, too, is said once.
  const said = troubles.filter((line) => !warnings.some((words) => line.includes(words)));
  return [...statusLines(status), ...versionLines(standing), ...guardOf(where), ...warnings, ...said];
}

/** A line when this host must leave all alone, for another one has its address. */
function refusalOf(where: () => Where, status: Status): readonly string[] {
  const { advertise, dataDir } = where();
  const { hostname, boot } = readOrigin();
  const id = HostMemory.open(dataDir, NOBODY).node?.id;
  return addressLines(status, { id, address: advertise, hostname, boot });
}

/** Lines about the guard of the host that this runs on. */
function guardOf(where: () => Where): readonly string[] {
  const { advertise, vxlanPort } = where();
  const guard = new VxlanGuard(familyOf(advertise), 'off', vxlanPort);
  try {
    return guardLines(guard.drops(), vxlanPort);
  } catch (e) {
    return [`whether UDP ${vxlanPort} of this host is guarded cannot be seen: ${messageOf(e)}`];
  } finally {
    guard.close();
  }
}

async function withStore(
  where: () => Where,
  work: (store: VersionedStore, consul?: ConsulConfig) => Promise<void>,
): Promise<void> {
  const { consul } = where();
  const store = await openStore(where());
  try {
    await store.check();
    await work(store, consul);
  } finally {
    await store.close();
  }
}

const print = (lines: readonly string[]): void => {
  process.stdout.write(`${lines.map(shown).join('\n')}\n`);
};
