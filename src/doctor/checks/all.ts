/** All checks, in the order in which their findings are told: what explains others comes first. */
import type { Check } from '../check.js';
import type { HostSurroundings, Surroundings } from '../surroundings.js';
import { leases } from './cluster/leases.js';
import { nodes } from './cluster/nodes.js';
import { records } from './cluster/records.js';
import { releases } from './cluster/releases.js';
import { rows } from './cluster/rows.js';
import { versions } from './cluster/versions.js';
import { masquerading } from './engine/masquerading.js';
import { engineServing } from './engine/serving.js';
import { swarm } from './engine/swarm.js';
import { twice } from './engine/twice.js';
import { capabilities } from './kernel/capabilities.js';
import { conntrack } from './kernel/conntrack.js';
import { descriptors } from './kernel/descriptors.js';
import { devices, entries } from './kernel/differences.js';
import { modules } from './kernel/modules.js';
import { neighbours } from './kernel/neighbours.js';
import { version } from './kernel/version.js';
import { forwarded, known, redirect } from './names/names.js';
import { clock } from './store/clock.js';
import { connections } from './store/connections.js';
import { consul } from './store/consul.js';
import { rights } from './store/rights.js';
import { session } from './store/session.js';
import { candidates } from './underlay/candidates.js';
import { firewall } from './underlay/firewall.js';
import { gwbridge } from './underlay/gwbridge.js';
import { probes } from './underlay/probes.js';
import { returnPath } from './underlay/return-path.js';

const OF_HOST: readonly Check<HostSurroundings>[] = [
  ...[rows, engineServing, consul, connections, rights, session, clock],
  ...[capabilities, version, conntrack, neighbours, descriptors, entries, devices],
  ...[redirect, known, forwarded],
  ...[candidates, returnPath, gwbridge, masquerading],
];
const OF_WAYS: readonly Check<HostSurroundings>[] = [probes, swarm];

/** What each host says of itself, also to others: none of these holds the one that serves up for long. */
export const HOST_CHECKS: readonly Check<HostSurroundings>[] = [...OF_HOST, ...OF_WAYS];

/** All. The rest is for the command alone: it takes a while, or is of the whole cluster. */
export const CHECKS: readonly Check<Surroundings>[] = [
  ...[...OF_HOST, firewall, ...OF_WAYS, modules, twice],
  ...[nodes, records, versions, releases, leases],
];
