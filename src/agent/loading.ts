/** How a start comes to know the cluster: from the store, or until that answers from the copy in DATA_DIR. */
import type { Log } from '../health/events.js';
import type { NetworksKernel } from '../model/ports/kernel-port.js';
import { namespaceName } from '../model/values/names.js';
import type { NodeId } from '../model/values/types.js';
import type { Reclaimer } from '../registry/healing/reclaimer.js';
import type { Membership } from '../registry/local/membership.js';
import type { Identity } from '../registry/nodes/identity.js';
import type { Tenure } from '../registry/nodes/tenure.js';
import { type CopyFile, networksOf } from '../store/data-dir/cluster-copy.js';
import type { VersionedStore } from '../store/versioned.js';
import type { ClusterView } from '../store/view/cluster-view.js';

/** How long what is watched may take to be read whole, ms. */
const READY_MS = 10_000;

export interface LoadingParts {
  readonly self: NodeId;
  readonly copyFile: Pick<CopyFile, 'load'>;
  readonly identity: Pick<Identity, 'adopt' | 'isStranger' | 'read'>;
  readonly kernel: Pick<NetworksKernel, 'namespaces'>;
  readonly membership: Pick<Membership, 'adopt' | 'load' | 'recover'>;
  readonly reclaimer: Pick<Reclaimer, 'reclaimMissing'>;
  readonly tenure: Pick<Tenure, 'holds' | 'taken' | 'tried'>;
  readonly versioned: Pick<VersionedStore, 'check'>;
  readonly view: Pick<ClusterView, 'current' | 'distrust' | 'ready' | 'remember' | 'seed' | 'start'>;
  /** Publishes what this host holds. */
  readonly heal: () => Promise<void>;
  readonly log: Pick<Log, 'warn'>;
}

export class Loading {
  private isReclaimed = false;
  private loaded = false;
  private isSeeded = false;

  constructor(private readonly parts: LoadingParts) {}

  get isLoaded(): boolean {
    return this.loaded;
  }

  /** From the store, or from the copy of an earlier process. */
  get knowsCluster(): boolean {
    return this.loaded || this.isSeeded;
  }

  /**
   * Reads the cluster, and watches it until the signal aborts; one that was wiped or replaced while we were away gets
   * what the copy holds. Rejects with a StoreError, with a DeadlineError when not all of it could be read, and with a
   * UserError for a store that this host may not use; doing it again is safe.
   */
  async load(signal: AbortSignal): Promise<void> {
    const { copyFile, identity, view, versioned, tenure } = this.parts;
    await versioned.check();
    const id = await identity.read();
    const known = copyFile.load();
    if (known !== undefined) view.remember(known);
    if (identity.isStranger(id)) {
      this.startFromCopy();
      view.distrust();
      await tenure.taken();
      await this.parts.heal();
      this.isReclaimed = true;
    } else {
      identity.adopt(id);
      await tenure.tried();
      if (tenure.holds) await this.reclaim();
    }
    view.start(signal);
    await this.takePart();
    this.loaded = true;
  }

  /** Once this host may write: what it could not put back before, for another host had its address. */
  async complete(): Promise<void> {
    if (this.isReclaimed) return;
    await this.reclaim();
    await this.takePart();
  }

  /** Running containers get their network and names from what this host knew last. */
  startFromCopy(): void {
    const { copyFile, membership, view, self, log } = this.parts;
    const prefixes = copyFile.load();
    if (prefixes === undefined) return;
    membership.adopt(networksOf(prefixes, self));
    view.seed(prefixes);
    this.isSeeded = true;
    log.warn({ event: 'from-copy' }, 'the store does not answer as expected; starting from the copy in DATA_DIR');
  }

  /** By the marks, and where namespaces stand without one: they would be taken for what is not in the cluster. */
  private async takePart(): Promise<void> {
    const { kernel, membership, view } = this.parts;
    await membership.load();
    await view.ready(READY_MS);
    const standing = new Set(await kernel.namespaces());
    await membership.recover([...view.current.networks.keys()].filter((id) => standing.has(namespaceName(id))));
    await view.ready(READY_MS);
  }

  /** Before the endpoints are read, or at least before any is taken for gone: what others freed while we were away. */
  private async reclaim(): Promise<void> {
    await this.parts.reclaimer.reclaimMissing(Object.values(this.parts.copyFile.load() ?? {}).flat());
    this.isReclaimed = true;
  }
}
