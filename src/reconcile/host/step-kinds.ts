/** What each kind of step acts on: the compiler asks of every new one. Pure. */
import type { Step, StepKind } from '../../model/plan/steps.js';

interface Acting {
  /** On an entry of a table, of which there are thousands, or on a thing of its own. */
  readonly on: 'entry' | 'thing';
  /** The short way is a way beside the ordinary one: nobody waits for it. */
  readonly way: 'ordinary' | 'short';
}

const THING: Acting = { on: 'thing', way: 'ordinary' };
const ENTRY: Acting = { on: 'entry', way: 'ordinary' };
const SHORT_THING: Acting = { on: 'thing', way: 'short' };
const SHORT_ENTRY: Acting = { on: 'entry', way: 'short' };

const ACTING: Readonly<Record<StepKind, Acting>> = {
  createNamespace: THING,
  removeNamespace: THING,
  setSysctl: THING,
  mountNamespace: THING,
  createBridge: THING,
  createVxlan: THING,
  replaceFence: THING,
  createPort: THING,
  removeLink: THING,
  setMtu: THING,
  setMac: THING,
  setUp: THING,
  setMaster: THING,
  setPort: THING,
  stopLearning: THING,
  stopSnooping: THING,
  addAddress: THING,
  removeAddress: THING,
  replaceNeighbour: ENTRY,
  removeNeighbour: ENTRY,
  replaceFdb: ENTRY,
  removeFdb: ENTRY,
  replaceStatic: ENTRY,
  removeStatic: ENTRY,
  ensureUplink: THING,
  replaceFilter: THING,
  removeFilter: THING,
  createLane: SHORT_THING,
  removeLane: SHORT_THING,
  hookPort: SHORT_THING,
  replaceWay: SHORT_ENTRY,
  removeWay: SHORT_ENTRY,
};

export const isOnEntry = ({ kind }: Pick<Step, 'kind'>): boolean => ACTING[kind].on === 'entry';
export const isOnShortWay = ({ kind }: Pick<Step, 'kind'>): boolean => ACTING[kind].way === 'short';
