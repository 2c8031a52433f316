/** Runs checks, all at once, each against the clock: one that cannot look keeps none of the others from it. */
import { messageOf } from '../errors.js';
import type { Check, Finding } from './check.js';

export interface Examined {
  readonly findings: readonly Finding[];
  /** Codes of the checks that found nothing. */
  readonly fine: readonly string[];
  /** What could not be looked at, by check, and why. */
  readonly unknown: ReadonlyMap<string, string>;
}

/** Findings are in the order of the checks. Never rejects. */
export async function examine<At>(checks: readonly Check<At>[], at: At, patienceMs: number): Promise<Examined> {
  const outcomes = await Promise.all(checks.map((check) => outcomeOf(check, at, patienceMs)));
  return {
    findings: outcomes.flatMap(({ findings }) => findings),
    fine: outcomes.filter((o) => o.why === undefined && o.findings.length === 0).map(({ code }) => code),
    unknown: new Map(outcomes.flatMap(({ code, why }) => (why === undefined ? [] : [[code, why] as const]))),
  };
}

interface Outcome {
  readonly code: string;
  readonly findings: readonly Finding[];
  readonly why: string | undefined;
}

async function outcomeOf<At>(check: Check<At>, at: At, patienceMs: number): Promise<Outcome> {
  const { code, cure } = check;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it was not done within ${patienceMs / 1000} s`)), patienceMs);
  });
  try {
    const troubles = await Promise.race([check.examine(at), late]);
    return { code, why: undefined, findings: troubles.map((trouble) => ({ code, cure, ...trouble })) };
  } catch (e) {
    return { code, why: messageOf(e), findings: [] };
  } finally {
    clearTimeout(timer);
  }
}
