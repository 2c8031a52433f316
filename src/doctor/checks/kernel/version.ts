import { check } from '../../check.js';
import type { Surroundings } from '../../surroundings.js';

/** What the runtime itself is built for: https://github.com/nodejs/node/blob/v20.x/BUILDING.md#platform-list */
const LEAST = { major: 4, minor: 18 } as const;

export const version = check({
  code: 'kernel.version',
  about: "the kernel's release",
  harm: 'nobody has tried tsoverlay there, and what it asks of the kernel may be missing',
  cure: 'boot a kernel of 4.18 or later',
  look: ({ proc }: Pick<Surroundings, 'proc'>): string | undefined => proc.text('sys/kernel/osrelease')?.trim(),
  judge: (release) => {
    const [, major, minor] = /^(\d+)\.(\d+)/.exec(release ?? '') ?? [];
    if (major === undefined || minor === undefined) return [];
    const isOld = Number(major) < LEAST.major || (Number(major) === LEAST.major && Number(minor) < LEAST.minor);
    return isOld ? [{ what: `the kernel is ${release}, older than ${LEAST.major}.${LEAST.minor}` }] : [];
  },
});
