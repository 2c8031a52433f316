/** Who waits until an owner's endpoints have been read from then on. */

export interface Look {
  readonly owner: string;
  readonly done: () => void;
}

export class Looks {
  #all: readonly Look[] = [];

  /** Resolves when it is answered, or at the end. */
  ask(owner: string): Promise<void> {
    return new Promise((done) => {
      this.#all = [...this.#all, { owner, done }];
    });
  }

  get owners(): ReadonlySet<string> {
    return new Set(this.#all.map((look) => look.owner));
  }

  /** Those that a read which begins now answers: of all, or of one owner. */
  waiting(owner?: string): readonly Look[] {
    return this.#all.filter((look) => owner === undefined || look.owner === owner);
  }

  answer(looks: readonly Look[]): void {
    this.#all = this.#all.filter((look) => !looks.includes(look));
    for (const { done } of looks) done();
  }
}
