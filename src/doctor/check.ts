/** What doctor looks at: each check by itself, its look apart from its judgement. */

export interface Finding {
  /** The check's code. */
  readonly code: string;
  /** One sentence: what is wrong, with which value. */
  readonly what: string;
  readonly cure: string;
}

/** A trouble as its check finds it; the cure where it depends on what was found. */
export interface Trouble {
  readonly what: string;
  readonly cure?: string;
}

export interface Check<At = never> {
  /** As it is shown, and in docs/doctor.md. */
  readonly code: string;
  /** As a noun: what is looked at. */
  readonly about: string;
  /** What containers lose by it. */
  readonly harm: string;
  readonly cure: string;
  /** Rejects with what keeps it from looking. */
  examine(at: At): Promise<readonly Trouble[]>;
}

interface Made<At, Facts> extends Omit<Check<At>, 'examine'> {
  readonly look: (at: At) => Facts | Promise<Facts>;
  /** Pure: nothing for a healthy host. */
  readonly judge: (facts: Facts) => readonly Trouble[];
}

/** A check with its judgement, which tests hand facts that no machine of theirs has. */
export interface Judging<At, Facts> extends Check<At> {
  readonly judge: (facts: Facts) => readonly Trouble[];
}

export const check = <At, Facts>({ look, ...made }: Made<At, Facts>): Judging<At, Facts> => ({
  ...made,
  examine: async (at) => made.judge(await look(at)),
});
