/** What is counted and timed for whoever asks for metrics. While nobody listens, telling costs next to nothing. */

export interface Measured {
  /** The engine called the driver. `refused`: for a reason that the user was told. */
  readonly call: {
    readonly method: string;
    readonly outcome: 'ok' | 'refused' | 'failed';
    readonly seconds: number;
  };
  /** The store was asked, and not to wait for news. */
  readonly request: { readonly operation: string; readonly outcome: 'ok' | 'failed'; readonly seconds: number };
  /** What somebody had broken was put right; `step`: the kind of step. */
  readonly repair: { readonly step: string };
  /** Another host was probed; `seconds`: there and back, undefined where nothing came back. */
  readonly probe: { readonly seconds: number | undefined };
}

export type Listeners = { readonly [K in keyof Measured]: (measured: Measured[K]) => void };

export class Measures {
  private readonly all = new Set<Listeners>();

  tell<K extends keyof Measured>(what: K, measured: Measured[K]): void {
    for (const listeners of this.all) listeners[what](measured);
  }

  /** Tells from now on. Returns how to end it. */
  listen(listeners: Listeners): () => void {
    this.all.add(listeners);
    return () => this.all.delete(listeners);
  }
}

/** What a part is given that counts or times. */
export type Meter = Pick<Measures, 'tell'>;

/** For who has nobody to tell. */
export const UNMEASURED: Meter = { tell: () => {} };
