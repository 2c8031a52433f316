/** Has the cluster's records written in the newest version as soon as all hosts read it, and tells how that is going. */
import type { Log } from '../../health/events.js';
import type { RowPorts } from '../../health/row.js';
import { raised, versionWords } from '../../model/cluster/upgrade.js';
import type { Store } from '../../model/ports/ports.js';
import { keys } from '../../model/values/names.js';
import { formatCluster } from '../../store/records/cluster-record.js';
import { BUILD } from '../../store/records/record-version.js';
import type { Standing, VersionedStore } from '../../store/versioned.js';
import { Loop } from '../loop/loop.js';

const LOOK_MS = 30_000;
/** All hosts of a store that was wiped are back by then, and one that is restarted with the former release, too. */
const PATIENCE_MS = 60_000;

export interface UpgradePassParts {
  /** Takes writes only while this host holds its node key: its own record counts. */
  readonly store: Pick<Store, 'commit'>;
  readonly versioned: Pick<VersionedStore, 'look'>;
  readonly log: Pick<Log, 'info'>;
  readonly rows: RowPorts<'cluster.version' | 'cluster.version-look'>;
}

export class UpgradePass {
  private readonly loop: Loop<'version'>;
  /** What is to be written instead of which state of the record, and since when that has been so. */
  private due: { readonly what: string; readonly since: number } | undefined;

  /** The record's, as last seen. */
  private seen: number | undefined;

  constructor(private readonly parts: UpgradePassParts) {
    this.loop = new Loop(() => this.pass(), {
      resyncMs: () => LOOK_MS,
      row: () => parts.rows.of('cluster.version-look').row(),
      describe: () => 'the version of the records',
    });
  }

  kick(): void {
    this.loop.kick('version');
  }

  /** See {@link Loop.stop}. */
  stop(): Promise<void> {
    return this.loop.stop();
  }

  private async pass(): Promise<true> {
    const standing = await this.parts.versioned.look();
    if (standing === undefined) return true;
    this.tell(standing);
    const { index, cluster, readers } = standing;
    const version = raised(cluster.version, readers, BUILD);
    if (version === undefined || !this.isRipe(`${index} ${version}`)) return true;
    // One of all hosts that try: the others find it done.
    const value = formatCluster({ ...cluster, version });
    const commit = await this.parts.store.commit([{ verb: 'update', key: keys.cluster, value, index }]);
    if (commit.ok) this.kick();
    return true;
  }

  private isRipe(what: string): boolean {
    if (this.due?.what !== what) this.due = { what, since: performance.now() };
    return performance.now() - this.due.since >= PATIENCE_MS;
  }

  private tell({ cluster: { version }, readers, verdict }: Standing): void {
    const row = this.parts.rows.of('cluster.version').row();
    const isUnfounded = verdict.kind === 'writes' && verdict.unfounded;
    const isNewest = version === BUILD.newest && !isUnfounded;
    if (isNewest) row.ok();
    // What was said is over when the version is raised, not as soon as nothing keeps it from that.
    const words = isNewest ? undefined : versionWords(version, readers, BUILD);
    if (words !== undefined) row.degraded({ words, version, newest: BUILD.newest });
    if (this.seen !== undefined && isNewest && version > this.seen)
      this.parts.log.info(
        { event: 'version-raised', version },
        `records are written in version ${version} from now on`,
      );
    this.seen = version;
  }
}
