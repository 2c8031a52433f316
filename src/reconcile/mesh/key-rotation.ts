/** Has one key of this host take the place of another: the new one comes beside it, the old one goes when nobody needs it. */
import type { Log } from '../../health/events.js';
import type { CryptSelf, OwnKey, Proven } from '../../model/crypt/plan.js';
import { hasMore, needing, receivedBy } from '../../model/crypt/rotation.js';
import type { ObservedCrypt } from '../../model/crypt/steps.js';
import type { Node, PublicKey } from '../../model/values/types.js';

/** Nothing has come by the old key, and nobody needed it, for so long, ms. */
const QUIET_MS = 3_000;
/** From when the others are told until the device goes, ms. */
const FAREWELL_MS = 2_000;
/** A rotation that nobody is in the way of is over by then, and what was agreed on before is still of use, ms. */
const STUCK_MS = 30_000;
/** What a clock may jump by; a handshake comes once in two minutes, ms. */
const JUMP_MS = 10_000;

/** This host's own keys, see store/data-dir/crypt-keys.ts. */
export interface Keys {
  /** The newest last; the first question makes one. */
  readonly own: readonly OwnKey[];
  /** The same; empty where nobody has asked yet. */
  readonly held: readonly OwnKey[];
  /** When the newest was made, ms since 1970. */
  readonly made: number;
  add(): void;
  drop(key: PublicKey): void;
  renew(): void;
}

export interface RotationParts {
  readonly keys: Pick<Keys, 'add' | 'drop' | 'held' | 'made' | 'renew'>;
  /** How old a key gets, ms; 0: as old as it likes. */
  readonly everyMs: number;
  readonly log: Pick<Log, 'info'>;
}

const heardNothing = (): { readonly received: ReadonlyMap<PublicKey, number>; readonly since: number } => ({
  received: new Map(),
  since: performance.now(),
});

export class KeyRotation {
  /** What has come by the old key, and since when it is no more. */
  private heard = heardNothing();
  /** Since when the others are tried by both keys: a mesh that was not there has forgotten who answered. */
  private tried = performance.now();
  /** How far the wall clock was before the one that nobody sets. */
  private ahead: number | undefined;
  /**
   * Since when the wall clock is behind what the keys have seen: the others refuse handshakes that are older than one they
   * had of the same key (WireGuard's replay protection).
   */
  private setBack: number | undefined;
  /** The old key once it is needed no more, and since when. */
  private leaving: { readonly key: PublicKey; readonly since: number } | undefined;

  constructor(private readonly parts: RotationParts) {}

  /** A new key; false while one is under way. */
  begin(): boolean {
    const { keys, log } = this.parts;
    if (keys.held.length > 1) return false;
    keys.add();
    this.start();
    log.info(
      { event: 'key-new', key: keys.held.at(-1)?.key },
      'this host gets another WireGuard key; the one before goes when nobody uses it',
    );
    return true;
  }

  /** What is to be told of this host's keys. */
  get published(): readonly OwnKey[] {
    return this.parts.keys.held.filter(({ key }) => key !== this.leaving?.key);
  }

  get triedMs(): number {
    return performance.now() - this.tried;
  }

  /** One step further, if it is time. */
  look(nodes: readonly Node[], self: CryptSelf, found: ObservedCrypt | undefined, proven: Proven): void {
    const { keys, everyMs, log } = this.parts;
    this.lookAtClock(found);
    // By the wall clock, for a key gets older than a process.
    const isOld = everyMs > 0 && Date.now() - keys.made > everyMs;
    if (keys.held.length > 0 && (isOld || this.setBack !== undefined) && this.begin()) this.setBack = undefined;
    if (this.setBack !== undefined && performance.now() - this.setBack > STUCK_MS) this.leaveBoth();
    const [old, next] = keys.held;
    if (found === undefined) this.start();
    if (old === undefined || next === undefined || found === undefined) return;
    const now = performance.now();
    const received = receivedBy(found, old.key);
    const moment = { now: Date.now(), triedMs: this.triedMs };
    const isNeeded = needing(nodes, self, found, proven, moment).length > 0;
    // One that was needed at the last look has only now been left, and frames are under way by it.
    const isUsed = isNeeded || hasMore(this.heard.received, received);
    this.heard = { received, since: isUsed ? now : this.heard.since };
    if (now - this.heard.since < QUIET_MS) {
      this.leaving = undefined;
      return;
    }
    this.leaving ??= { key: old.key, since: now };
    if (now - this.leaving.since < FAREWELL_MS) return;
    keys.drop(old.key);
    this.leaving = undefined;
    log.info(
      { event: 'key-gone', key: old.key },
      'all hosts use the new WireGuard key of this host; the one before is gone',
    );
  }

  /** For one that all can reach, since it has the port of the older. */
  private leaveBoth(): void {
    const { keys, log } = this.parts;
    keys.renew();
    this.start();
    [this.setBack, this.leaving] = [undefined, undefined];
    log.info(
      { event: 'key-new', key: keys.held.at(-1)?.key },
      'this host gets another WireGuard key in place of both, for its clock was set back',
    );
  }

  private start(): void {
    this.heard = heardNothing();
    this.tried = performance.now();
  }

  /** Also what an earlier process was told by a clock that has been set back since. */
  private lookAtClock(found: ObservedCrypt | undefined): void {
    const { held, made } = this.parts.keys;
    const now = Date.now();
    const newest = found?.devices.find((d) => d.key === held.at(-1)?.key)?.peers ?? [];
    const latest = Math.max(held.length > 0 ? made : 0, ...newest.map((p) => p.handshake ?? 0));
    const ahead = now - performance.now();
    if (latest > now + JUMP_MS || ahead < (this.ahead ?? ahead) - JUMP_MS) this.setBack ??= performance.now();
    this.ahead = ahead;
  }
}
