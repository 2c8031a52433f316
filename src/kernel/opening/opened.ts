/** Something that is opened at its first use, once for all who use it. */
import { kernelError } from '../system/errno.js';

export class Opened<T> {
  private opening: Promise<T> | undefined;
  private closed = false;

  constructor(
    private readonly open: () => Promise<T>,
    private readonly end: (opened: T) => void,
  ) {}

  /** What is open or about to be; undefined where nobody has used it yet, or it could not be opened. */
  get current(): Promise<T> | undefined {
    return this.opening;
  }

  /** A failure is for those who wait by then; who comes later opens it anew, or is refused (ECANCELED) after the end. */
  get(): Promise<T> {
    if (this.closed) return Promise.reject(kernelError('open', 'ECANCELED'));
    if (this.opening !== undefined) return this.opening;
    const opening = this.open();
    this.opening = opening;
    opening.catch(() => {
      if (this.opening === opening) this.opening = undefined;
    });
    return opening;
  }

  close(): void {
    this.closed = true;
    this.opening?.then(this.end, () => undefined);
    this.opening = undefined;
  }
}
