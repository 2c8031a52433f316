/** All checks, in the order in which their findings are told: what explains others comes first. */
import type { Check } from '../check.js';
import type { Surroundings } from '../surroundings.js';
import { leases } from './cluster/leases.js';
import { nodes } from './cluster/nodes.js';
import { records } from './cluster/records.js';
import { rows } from './cluster/rows.js';
import { versions } from './cluster/versions.js';
import { masquerading } from './engine/masquerading.js';
import { engineServing } from './engine/serving.js';
import { swarm } from './engine/swarm.js';
import { twice } from './engine/twice.js';
import { capabilities } from './kernel/capabilities.js';
import { conntrack } from './kernel/conntrack.js';
import { descriptors } from './kernel/descriptors.js';
import { modules } from './kernel/modules.js';
import { neighbours } from './kernel/neighbours.js';
import { version } from './kernel/version.js';
import { clock } from './store/clock.js';
import { consul } from './store/consul.js';
import { rights } from './store/rights.js';
import { candidates } from './underlay/candidates.js';
import { gwbridge } from './underlay/gwbridge.js';
import { probes } from './underlay/probes.js';
import { returnPath } from './underlay/return-path.js';

export const CHECKS: readonly Check<Surroundings>[] = [
  ...[rows, engineServing, consul, rights, clock],
  ...[modules, capabilities, version, conntrack, neighbours, descriptors],
  ...[candidates, returnPath, gwbridge, masquerading, probes],
  ...[nodes, records, versions, leases],
  ...[swarm, twice],
];
