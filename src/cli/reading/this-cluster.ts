/** What status shows of the cluster. */
import { NOBODY } from '../../health/row.js';
import { readOrigin } from '../../kernel/system/origin.js';
import { keys } from '../../model/values/names.js';
import type { NodeAddress } from '../../model/values/types.js';
import { type Findings, lookForExposure } from '../../store/consul/exposure.js';
import { HostMemory } from '../../store/data-dir/host-memory.js';
import type { Desk } from '../frame/desk.js';
import { type Fill, fillOf } from '../ipam/fill.js';
import { addressLines, exposureLines, readStatus, type Status, statusLines, versionLines } from '../status.js';
import { type Reading, readCluster } from './cluster.js';

/** A server that does not answer this shows nothing, ms. */
const EXPOSURE_MS = 1_500;

export interface ThisCluster {
  readonly self: NodeAddress;
  readonly status: Status;
  readonly fill: readonly Fill[];
  readonly lines: readonly string[];
  readonly warnings: readonly string[];
  /** Of a Consul that anybody may write to: all works, and it is told, but is no trouble of this moment. */
  readonly exposed: readonly string[];
  /** How long the store took for one answer; undefined where it is a file, or did not answer. */
  readonly ms: number | undefined;
}

export const readThisCluster = (desk: Desk): Promise<Reading<ThisCluster>> =>
  readCluster(desk, async (records, store) => {
    const began = performance.now();
    await records.get(keys.cluster);
    const ms = performance.now() - began;
    const [status, leases, released, standing, findings] = await Promise.all([
      readStatus(records),
      records.keys('addresses/'),
      records.keys(keys.released),
      store?.look(),
      store === undefined ? NONE : exposure(desk),
    ]);
    return {
      self: desk.settings.advertise,
      status,
      fill: store === undefined ? [] : fillOf(status.networks, leases, released),
      lines: [
        ...statusLines(status, desk.settings.consul !== undefined, desk.settings.advertise),
        ...versionLines(standing),
      ],
      warnings: refusalOf(desk, status),
      exposed: exposureLines(findings),
      ms: store === undefined || desk.settings.consul === undefined ? undefined : ms,
    };
  });

const NONE: Findings = new Map();

async function exposure(desk: Desk): Promise<Findings> {
  const { consul } = desk.settings;
  if (consul === undefined) return NONE;
  const late = new Promise<Findings>((resolve) => setTimeout(resolve, EXPOSURE_MS, NONE).unref());
  return Promise.race([lookForExposure(consul), late]);
}

/** A line when this host must leave all alone, for another one has its address. */
function refusalOf({ settings: { advertise, dataDir } }: Desk, status: Status): readonly string[] {
  const { hostname, boot } = readOrigin();
  const id = HostMemory.open(dataDir, NOBODY).node?.id;
  return addressLines(status, { id, address: advertise, hostname, boot });
}
