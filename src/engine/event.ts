/** One line of the engine's event stream. */
import * as z from 'zod';
import type { EngineEvent } from '../model/ports/engine-port.js';
import { isOurDriver } from '../model/values/names.js';
import type { EngineNetworkId } from '../model/values/types.js';

const schema = z.object({
  Type: z.string(),
  Action: z.string(),
  Actor: z.object({ ID: z.string(), Attributes: z.record(z.string(), z.string()).default({}) }),
});

const BRIDGE_ACTIONS = new Set(['create', 'destroy']);
const PLACE_ACTIONS = new Set(['connect', 'disconnect']);
const CONTAINER_ACTIONS = new Set(['start', 'rename', 'die', 'destroy']);

/** Undefined for what does not concern us. Network events carry the driver as their `type` attribute. */
export function parseEvent(line: string): EngineEvent | undefined {
  const { Type: type, Action: action, Actor: actor } = schema.parse(JSON.parse(line));
  const { type: driver, container } = actor.Attributes;
  if (type === 'network' && isOurDriver(driver ?? ''))
    return { type, action, network: actor.ID as EngineNetworkId, ...(container === undefined ? {} : { container }) };
  if (type === 'network' && driver === 'bridge' && BRIDGE_ACTIONS.has(action)) return { type: 'bridge' };
  if (type === 'network' && container !== undefined && PLACE_ACTIONS.has(action))
    return { type: 'foreign', action, network: actor.ID as EngineNetworkId, container };
  if (type === 'container' && CONTAINER_ACTIONS.has(action)) return { type, action, container: actor.ID };
  return undefined;
}
