/** Access to the rules of one namespace: questions and changes have a socket each, see {@link Changes}. */
import { together } from '../opening/together.js';
import { Changes } from './changes.js';
import { closeNetfilter, openOwnNetfilter } from './socket.js';

export interface Access {
  /** For questions, see {@link ask}. */
  readonly fd: number;
  readonly changes: Changes;
}

/** To the network namespace that the calling thread is in. Throws a KernelError. */
export const openAccess = (): Access =>
  together((keep) => ({ fd: keep(openOwnNetfilter(), closeNetfilter), changes: new Changes() }));

export function closeAccess({ fd, changes }: Access): void {
  closeNetfilter(fd);
  changes.close();
}
