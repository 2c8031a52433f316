/**
 * Compares what is planned at this moment with what is in the kernel, and changes nothing. What is on its way to be made
 * right is no difference: only what two looks find counts, between which all that mends has had its turn.
 */
import type { HostPart } from '../../model/host/host-plan.js';
import type { HostStep } from '../../model/host/host-steps.js';
import type { NetworksKernel } from '../../model/ports/kernel-port.js';
import { namespaceName } from '../../model/values/names.js';
import type { NetworkId } from '../../model/values/types.js';
import type { Tenure } from '../../registry/nodes/tenure.js';
import { compare } from '../host/comparison.js';
import { canWait } from '../host/postponing.js';
import { isOnEntry } from '../host/step-kinds.js';
import { Wishes, type WishesParts } from '../host/wishes.js';
import { hostStepWords, stepWords } from './words.js';

/** The host's own parts are looked at every two seconds, ms. */
const BETWEEN_MS = 2_500;
/** Not a part of how long mending is put off, ms. */
const AGAIN_MS = 700;
/** Of one look at all networks: of thousands of peers one takes 0.2 s. */
const LOOK_MS = 1_500;
/** Nobody reads more. */
const MOST = 50;

export interface Difference {
  /** A network's id, or `host`. */
  readonly where: string;
  readonly about: 'entry' | 'device';
  readonly what: string;
}

export interface Differences {
  readonly found: readonly Difference[];
  /** How many more there are. */
  readonly more: number;
  /** How many networks could not be looked at, or not in time. */
  readonly unseen: number;
}

export interface InspectionParts extends WishesParts {
  readonly kernel: Pick<NetworksKernel, 'isNamespace' | 'observe'>;
  readonly tenure: Pick<Tenure, 'prunes'>;
  readonly hostParts: {
    /** See HostPartsPass. */
    differences(): Promise<ReadonlyMap<HostPart, readonly HostStep[]>>;
  };
}

export class Inspection {
  private readonly wishes: Wishes;
  private wake: () => void = () => {};
  private underWay: Promise<Differences> | undefined;

  constructor(private readonly parts: InspectionParts) {
    this.wishes = new Wishes(parts);
  }

  /** Takes some four seconds, and one where all is well. Who asks while it is under way gets the same answer. Never rejects. */
  look(): Promise<Differences> {
    this.underWay ??= this.lookTwice().finally(() => {
      this.underWay = undefined;
    });
    return this.underWay;
  }

  stop(): void {
    this.wake();
  }

  private async lookTwice(): Promise<Differences> {
    const first = await this.lookUntil(this.parts.membership.networks, () => true);
    if (first.found.length === 0) return { ...first, more: 0 };
    await this.pause(BETWEEN_MS);
    const keys = new Set(first.found.map(keyOf));
    const where = new Set(first.found.map((one) => one.where as NetworkId));
    const { found, unseen } = await this.lookUntil(where, (one) => keys.has(keyOf(one)));
    return {
      found: found.slice(0, MOST),
      more: Math.max(0, found.length - MOST),
      unseen: Math.max(first.unseen, unseen),
    };
  }

  /** Once more where nothing is found: who breaks and who mends by turns may have met just then. */
  private async lookUntil(
    networks: ReadonlySet<NetworkId>,
    is: (one: Difference) => boolean,
  ): Promise<Omit<Differences, 'more'>> {
    const once = await this.lookOnce(networks);
    const found = once.found.filter(is);
    if (found.length > 0) return { ...once, found };
    await this.pause(AGAIN_MS);
    const again = await this.lookOnce(networks);
    return { ...again, found: again.found.filter(is) };
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.wake = resolve;
      setTimeout(resolve, ms).unref();
    });
  }

  private async lookOnce(networks: ReadonlySet<NetworkId>): Promise<Omit<Differences, 'more'>> {
    const end = performance.now() + LOOK_MS;
    const found: Difference[] = [...(await this.ofHost())];
    let unseen = 0;
    for (const network of this.parts.membership.networks) {
      if (!networks.has(network)) continue;
      const differences = performance.now() < end ? await this.of(network).catch(() => undefined) : undefined;
      if (differences === undefined) unseen++;
      else found.push(...differences);
    }
    return { found, unseen };
  }

  private async ofHost(): Promise<readonly Difference[]> {
    const parts = await this.parts.hostParts.differences();
    return [...parts].flatMap(([part, steps]) =>
      steps.map((step) => ({ where: 'host', about: 'device' as const, what: `${part}: ${hostStepWords(step)}` })),
    );
  }

  /** Undefined for one that cannot be planned now. Rejects with a KernelError, or a StoreError while it is not loaded. */
  private async of(network: NetworkId): Promise<readonly Difference[] | undefined> {
    const name = namespaceName(network);
    const look = this.wishes.look(name);
    if (look === undefined) return undefined;
    await this.wishes.prepare(name, look, false);
    const cluster = this.wishes.cluster(look);
    const { tenure, kernel } = this.parts;
    const found = await kernel.observe(name);
    const { wanted } = this.wishes.wanted(name, cluster, found);
    if (wanted === undefined) return [];
    const { steps } = await compare(name, wanted, found, undefined);
    return steps
      .filter((step) => step.prune !== true || (tenure.prunes && !canWait(step)))
      .map((step) => ({ where: network, about: isOnEntry(step) ? 'entry' : 'device', what: stepWords(step) }));
  }
}

const keyOf = ({ where, what }: Difference): string => `${where} ${what}`;
