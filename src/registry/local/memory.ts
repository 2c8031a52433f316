import type { EndpointId } from '../../model/values/types.js';

/** What is known of endpoints: a Map, or one that outlives the process. */
export interface Memory<V> {
  get(id: EndpointId): V | undefined;
  set(id: EndpointId, value: V): unknown;
  delete(id: EndpointId): unknown;
  keys(): Iterable<EndpointId>;
}
