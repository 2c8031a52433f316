/**
 * Tells of sockets that there is something to read, by signal-driven I/O (socket(7)): the kernel sends SIGIO, and
 * poll(2) says where. It needs neither a native poll handle nor a thread, and keeps no process alive.
 */
import { check, ioctl, poll } from '../system/libc.js';

const FIOASYNC = 0x5452;
const FIOSETOWN = 0x8901;
const POLLIN = 1;

/** From the signal to the look: one request of ours is told in several messages, ms. */
const GATHER_MS = 10;
/** No look takes longer, ms; what is left is for the next. */
const TURN_MS = 5;
/** However much there is to read, others have the thread for four fifths of the time, unless that is over this, ms. */
const PAUSES = 4;
const LONGEST_PAUSE_MS = 50;

class Readiness {
  /** In the order in which they were read last: the first has waited longest. */
  private readonly readers = new Map<number, () => void>();
  private isAwake = false;
  private timer: NodeJS.Timeout | undefined;

  attend(fd: number, read: () => void): void {
    // For good, and before the first one can come: without a handler, a SIGIO ends the process.
    if (!this.isAwake) process.on('SIGIO', () => this.lookIn(GATHER_MS));
    this.isAwake = true;
    this.readers.set(fd, read);
    check('ioctl FIOSETOWN', ioctl(fd, FIOSETOWN, number(process.pid)));
    check('ioctl FIOASYNC', ioctl(fd, FIOASYNC, number(1)));
    this.lookIn(GATHER_MS);
  }

  ignore(fd: number): void {
    this.readers.delete(fd);
  }

  private lookIn(ms: number): void {
    this.timer ??= setTimeout(() => this.look(), ms).unref();
  }

  private look(): void {
    this.timer = undefined;
    const began = performance.now();
    const ready = readable([...this.readers.keys()]);
    for (const fd of ready) {
      const read = this.readers.get(fd);
      if (read === undefined) continue;
      this.readers.delete(fd);
      this.readers.set(fd, read);
      read();
      if (performance.now() - began > TURN_MS) break;
    }
    // Until nothing is left: a signal is sent for what comes, not for what is there.
    const pause = Math.min(LONGEST_PAUSE_MS, PAUSES * (performance.now() - began));
    if (ready.length > 0) this.lookIn(Math.max(GATHER_MS, pause));
  }
}

const readiness = new Readiness();

/** Calls `read` when there may be something to read on a socket, until {@link ignore}. It may leave a part unread. */
export const attend = (fd: number, read: () => void): void => readiness.attend(fd, read);

/** Before the descriptor is closed. */
export const ignore = (fd: number): void => readiness.ignore(fd);

/** Errors too: lost messages are one. */
function readable(fds: readonly number[]): readonly number[] {
  // struct pollfd: descriptor, what to look for, what there is.
  const table = Buffer.alloc(fds.length * 8);
  fds.forEach((fd, n) => {
    table.writeInt32LE(fd, n * 8);
    table.writeInt16LE(POLLIN, n * 8 + 4);
  });
  poll(table, fds.length, 0);
  return fds.filter((_, n) => table.readInt16LE(n * 8 + 6) !== 0);
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}
