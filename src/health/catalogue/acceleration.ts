/** What may be wrong with the short way of frames (docs/acceleration.md). */
import type { Entries, Reason } from '../entry.js';

export interface AccelerationCodes {
  'host.accelerator': Reason;
  'host.acceleration': Reason;
}

export const ACCELERATION: Entries<AccelerationCodes> = {
  'host.accelerator': {
    severity: 'medium',
    what: "the short way's program at the underlay",
    text: ({ reason }) => `the program of the short way could not be made right: ${reason}`,
    cause: 'The kernel refused to load the program or to put it at the device. Frames take the ordinary way meanwhile.',
    cure: 'Do as the reason says, or set ACCELERATE=off. It is tried again at least every 10 s.',
  },
  'host.acceleration': {
    severity: 'low',
    what: 'whether frames may take the short way',
    text: ({ reason }) => `ACCELERATE=auto, but frames take the ordinary way: ${reason}`,
    cause:
      'The kernel is too old or loads no programs, the underlay is IPv6, the address of the host is on no single device, or rules of the host’s own are about the port of VXLAN.',
    cure: 'None is needed: all works as with ACCELERATE=off. docs/acceleration.md says what it takes.',
  },
};
