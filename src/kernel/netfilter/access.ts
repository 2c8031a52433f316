/** Access to the rules of one namespace: questions and changes have a socket each, see {@link Changes}. */
import { together } from '../opening/together.js';
import { kernelError } from '../system/errno.js';
import { Changes } from './changes.js';
import { closeNetfilter, openOwnNetfilter } from './socket.js';

/** To the network namespace that the calling thread is in when this is made. */
export class Access {
  readonly changes: Changes;
  private readonly asking: number;
  private closed = false;

  /** Throws a KernelError. */
  constructor() {
    [this.asking, this.changes] = together((keep) => [keep(openOwnNetfilter(), closeNetfilter), new Changes()]);
  }

  /** For questions (`ask()` of socket.ts), good for the same turn of the event loop: its number is soon another socket's. */
  get fd(): number {
    if (this.closed) throw kernelError('nft', 'ECANCELED');
    return this.asking;
  }

  /** Refuses changes from now on, and questions once `last` is done; those that are asked later are refused (ECANCELED). */
  close(last: Promise<unknown> = Promise.resolve()): void {
    this.changes.close();
    void last.then(() => {
      if (!this.closed) closeNetfilter(this.asking);
      this.closed = true;
    });
  }
}
