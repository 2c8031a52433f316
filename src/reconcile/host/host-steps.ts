/** Carries out steps in a network's namespace, and tells of those that mended what somebody broke. */
import { isKernelError, messageOf } from '../../errors.js';
import type { Reason } from '../../health/entry.js';
import type { Fields, Log } from '../../health/events.js';
import type { Meter } from '../../health/measures.js';
import type { RowsOf } from '../../health/row.js';
import type { Step } from '../../model/plan/steps.js';
import type { NetworksKernel } from '../../model/ports/kernel-port.js';
import { isPortName } from '../../model/values/names.js';
import type { NamespaceName } from '../../model/values/types.js';
import type { Mending } from './mending.js';
import { canWait } from './postponing.js';
import { isOnEntry, isOnShortWay } from './step-kinds.js';
import { Takeovers } from './takeovers.js';

const LATER = "a container's card could not be put back yet";
const REPAIRED = "repaired a network's namespace: ";
/** Steps that are begun at once. */
const TOGETHER = 256;

export class HostSteps {
  readonly takeovers: Takeovers;

  constructor(
    private readonly kernel: Pick<NetworksKernel, 'apply' | 'announce'>,
    private readonly mending: Mending<NamespaceName>,
    private readonly log: Log,
    private readonly meter: Meter,
    rows: RowsOf<Reason>,
  ) {
    this.takeovers = new Takeovers(kernel, log, rows);
  }

  /** True when nothing was left for later. `repairing`: those that mend. Rejects with the first KernelError. */
  async run(name: NamespaceName, steps: readonly Step[], repairing: ReadonlySet<Step>): Promise<boolean> {
    let isDone = true;
    for (const some of together(steps)) {
      const results = await Promise.allSettled(some.map((step) => this.do(name, step, repairing.has(step))));
      for (const result of results) {
        if (result.status === 'rejected') throw result.reason;
        isDone &&= result.value;
      }
    }
    return isDone;
  }

  /**
   * False for a card that could not be put back, or a port that went meanwhile, for who deletes the one takes the other
   * along. What is inside a container is the container's to spoil: the others of its network do not wait for it. Nor does
   * anybody wait for the short way, for there is the ordinary one.
   */
  private async do(name: NamespaceName, step: Step, isRepair: boolean): Promise<boolean> {
    this.log.debug({ event: 'step', step }, 'kernel step');
    try {
      await this.kernel.apply(step);
      if (!isRepair) return true;
      this.meter.tell('repair', { step: step.kind });
      this.tell(name, { event: 'repaired', ...step }, REPAIRED + step.kind);
      return true;
    } catch (e) {
      if (!isSpoiled(step, e)) throw e;
      this.mending.later(name);
      const what = isOnShortWay(step) ? 'the short way could not be made right yet' : LATER;
      this.tell(name, { event: 'repair-later', ...step, err: messageOf(e) }, what);
      return false;
    }
  }

  private tell(name: NamespaceName, fields: Fields, message: string): void {
    this.mending.tell(name, (unlogged) => {
      this.log.warn({ ...fields, ...(unlogged === 0 ? {} : { unlogged }) }, message);
    });
  }
}

/** Entries of tables, of which there are thousands, go to the kernel together, and so do links that nobody needs. */
function* together(steps: readonly Step[]): Generator<readonly Step[]> {
  for (let i = 0; i < steps.length; ) {
    let end = i + 1;
    while (end < steps.length && end - i < TOGETHER && areAlike(steps[i], steps[end])) end++;
    yield steps.slice(i, end);
    i = end;
  }
}

const areAlike = (a: Step | undefined, b: Step | undefined): boolean =>
  a !== undefined && b !== undefined && ((isOnEntry(a) && isOnEntry(b)) || (canWait(a) && canWait(b)));

const isSpoiled = (step: Step, e: unknown): boolean =>
  step.kind === 'createPort'
    ? step.card !== undefined
    : isOnShortWay(step) || ('link' in step && isPortName(step.link) && isKernelError(e, 'ENODEV'));
