/** A namespace that is held open, and a socket in it: what takes time in there has both, or neither. */
import { closing, together } from '../opening/together.js';
import { HeldNamespace } from '../system/held-namespace.js';
import { withNamespace } from '../system/netns.js';
import { Rtnetlink } from './rtnetlink.js';

export interface Inside {
  readonly socket: Rtnetlink;
  readonly held: HeldNamespace;
}

/** Of the namespace at this path. Throws a KernelError, ENOENT when there is none. */
export const openInside = (path: string): Inside =>
  withNamespace(path, () =>
    together((keep) => ({ socket: keep(new Rtnetlink(), closing), held: new HeldNamespace() })),
  );

export function closeInside({ socket, held }: Inside): void {
  socket.close();
  held.close();
}
