/**
 * Which endpoints live on this host. An endpoint is live from CreateEndpoint (or from being found in the kernel at
 * start) until DeleteEndpoint; a record of this node that is not live here is what a crash left behind.
 */
import type { Endpoint, EndpointId, Lookup } from '../../model/values/types.js';
import { Ages } from '../changes/ages.js';
import type { Memory } from './memory.js';
import { ToldLookups } from './told-lookups.js';

/** Of those that were removed: an engine takes seconds at most to tell what it has. */
const MOST_REMOVED = 4_096;

export class LocalEndpoints {
  private readonly live = new Set<EndpointId>();
  /** Those that this process has created. */
  private readonly ages = new Ages<EndpointId>();
  private readonly joinedIds = new Set<EndpointId>();
  private readonly attached = new Set<EndpointId>();
  /**
   * Removed by the engine, the oldest first. Its list and its answers of a moment before still name them: whoever went by
   * that would have them live again, and their records put back as those of a host that was forgotten.
   */
  private readonly removed = new Set<EndpointId>();
  private readonly told: ToldLookups;
  private version = {};
  private count = 0;

  constructor(
    /** Where each one's container is: what the engine told this process or an earlier one. */
    private readonly sandboxes: Memory<string> = new Map(),
    /** How each one's container looks names up, likewise. */
    lookups: Memory<Lookup> = new Map(),
  ) {
    this.told = new ToldLookups(lookups);
  }

  /** Another one whenever other endpoints live than before. */
  get lives(): object {
    return this.version;
  }

  /** Grows with whatever is different here than before. */
  get changes(): number {
    return this.count;
  }

  /** Found in the kernel, or told by the engine. */
  add(id: EndpointId): void {
    if (this.live.has(id) || this.removed.has(id)) return;
    this.live.add(id);
    this.version = {};
    this.count++;
  }

  create(id: EndpointId): void {
    this.removed.delete(id);
    this.add(id);
    this.ages.begin(id);
  }

  /** The engine is about to join it, and fetches its link right after: it is made now. */
  expect(id: EndpointId): void {
    this.add(id);
    this.joinedIds.add(id);
    this.count++;
  }

  /** Its link has been seen: if the engine was to fetch it, it does so or gives up with Leave. */
  fetched(id: EndpointId): void {
    if (this.joinedIds.has(id)) this.attach(id);
  }

  /** Its container has had its link. */
  attach(id: EndpointId): void {
    this.add(id);
    if (!this.live.has(id)) return;
    if (this.attached.has(id) && !this.joinedIds.has(id)) return;
    this.joinedIds.delete(id);
    this.attached.add(id);
    this.count++;
  }

  /** Joined the sandbox at this path: the engine is about to fetch the link. */
  join(id: EndpointId, sandbox: string): void {
    this.removed.delete(id);
    this.add(id);
    // The engine may have listed it already, before it called Join.
    this.attached.delete(id);
    this.joinedIds.add(id);
    this.sandboxes.set(id, sandbox);
    this.told.await(id);
    this.count++;
  }

  /** The engine has told in which sandbox it is. True when that was not known. */
  place(id: EndpointId, sandbox: string): boolean {
    if (sandbox === '' || !this.live.has(id) || this.sandboxes.get(id) === sandbox) return false;
    this.sandboxes.set(id, sandbox);
    this.count++;
    return true;
  }

  /** The engine has told how its container looks names up. */
  lookUp(id: EndpointId, lookup: Lookup): void {
    if (this.live.has(id)) this.told.told(id, lookup);
  }

  /** What the engine has told of that, and who waits for it. */
  get lookups(): Pick<ToldLookups, 'giveUp' | 'of' | 'untoldOf'> {
    return this.told;
  }

  /** The engine has told of all that it has: nothing is remembered of others. */
  keepOnly(attached: ReadonlySet<EndpointId>): void {
    const isGone = (id: EndpointId) => !attached.has(id) && !this.live.has(id);
    for (const id of [...this.sandboxes.keys()]) if (isGone(id)) this.sandboxes.delete(id);
    for (const id of [...this.told.ids]) if (isGone(id)) this.told.forget(id);
  }

  leave(id: EndpointId): void {
    this.joinedIds.delete(id);
    this.attached.delete(id);
    this.sandboxes.delete(id);
    this.told.forget(id);
    this.count++;
  }

  remove(id: EndpointId): void {
    this.leave(id);
    this.removed.add(id);
    const [oldest] = this.removed;
    if (oldest !== undefined && this.removed.size > MOST_REMOVED) this.removed.delete(oldest);
    if (this.live.delete(id)) this.version = {};
    this.ages.end(id);
  }

  isLive(id: EndpointId): boolean {
    return this.live.has(id);
  }

  isAttached(id: EndpointId): boolean {
    return this.attached.has(id);
  }

  /** False for what an earlier process of this host has created. */
  isOfThisProcess(id: EndpointId): boolean {
    return this.ages.has(id);
  }

  /** Since its creation, ms; what an earlier process has created is as old as this one. */
  age(id: EndpointId): number {
    return this.ages.age(id);
  }

  /** Those that the engine has not fetched yet. */
  get joined(): ReadonlySet<EndpointId> {
    return this.joinedIds;
  }

  /** The paths of the namespaces of containers whose links the engine has fetched. */
  attachedAmong(endpoints: readonly Endpoint[]): readonly (readonly [EndpointId, string])[] {
    return endpoints.flatMap((e) => {
      const sandbox = this.isAttached(e.id) ? this.sandboxOf(e) : undefined;
      return sandbox === undefined ? [] : [[e.id, sandbox] as const];
    });
  }

  /** Path of its container's namespace, of endpoints that live here alone, as the engine has told. */
  sandboxOf({ id }: Endpoint): string | undefined {
    return this.live.has(id) ? this.sandboxes.get(id) : undefined;
  }
}
