/** Has one key of this host take the place of another: the new one comes beside it, the old one goes when nobody needs it. */
import type { Log } from '../../health/events.js';
import type { CryptSelf, OwnKey, Proven } from '../../model/crypt/plan.js';
import { needing, receivedBy } from '../../model/crypt/rotation.js';
import type { ObservedCrypt } from '../../model/crypt/steps.js';
import type { Node, PublicKey } from '../../model/values/types.js';

/** Nothing has come by the old key for so long, ms. */
const QUIET_MS = 3_000;
/** From when the others are told until the device goes, ms. */
const FAREWELL_MS = 2_000;

/** This host's own keys, see store/data-dir/crypt-keys.ts. */
export interface Keys {
  /** The newest last. */
  readonly own: readonly OwnKey[];
  /** When the newest was made, ms since 1970. */
  readonly made: number;
  add(): void;
  drop(key: PublicKey): void;
  renew(): void;
}

export interface RotationParts {
  readonly keys: Pick<Keys, 'add' | 'drop' | 'made' | 'own'>;
  /** How old a key gets, ms; 0: as old as it likes. */
  readonly everyMs: number;
  readonly log: Pick<Log, 'info'>;
}

export class KeyRotation {
  /** What has come by the old key, and since when it is no more. */
  private heard = { bytes: -1, since: 0 };
  /** The old key once it is needed no more, and since when. */
  private leaving: { readonly key: PublicKey; readonly since: number } | undefined;

  constructor(private readonly parts: RotationParts) {}

  /** A new key, unless one is under way. */
  begin(): void {
    const { keys, log } = this.parts;
    if (keys.own.length > 1) return;
    keys.add();
    this.heard = { bytes: -1, since: 0 };
    log.info(
      { event: 'key-new', key: keys.own.at(-1)?.key },
      'this host gets another WireGuard key; the one before goes when nobody uses it',
    );
  }

  /** What is to be told of this host's keys. */
  get published(): readonly OwnKey[] {
    return this.parts.keys.own.filter(({ key }) => key !== this.leaving?.key);
  }

  /** One step further, if it is time. */
  look(nodes: Iterable<Node>, self: CryptSelf, found: ObservedCrypt | undefined, proven: Proven): void {
    const { keys, everyMs, log } = this.parts;
    const [old, next] = keys.own;
    // By the wall clock, for a key gets older than a process; one that is ahead of it is new.
    if (everyMs > 0 && Date.now() - keys.made > everyMs) this.begin();
    if (old === undefined || next === undefined || found === undefined) return;
    const now = performance.now();
    const bytes = receivedBy(found, old.key);
    if (bytes !== this.heard.bytes) this.heard = { bytes, since: now };
    if (needing(nodes, self, found, proven, Date.now()).length > 0 || now - this.heard.since < QUIET_MS) {
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
}
