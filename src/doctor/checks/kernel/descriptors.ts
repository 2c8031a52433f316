import { check } from '../../check.js';
import type { Surroundings } from '../../surroundings.js';

const FULL = 0.8;

export interface DescriptorFacts {
  readonly pid: number;
  readonly open: number;
  readonly limit: number;
}

export const descriptors = check({
  code: 'kernel.descriptors',
  about: 'the open files of the process that serves',
  harm: 'containers get no resolver and no link, and the store is not reached any more ("EMFILE")',
  cure: 'raise the limit of the process: LimitNOFILE= in its systemd unit, or default-ulimits of the engine for the managed plugin; then restart it',
  look: async ({ proc, pid: ask }: Pick<Surroundings, 'pid' | 'proc'>): Promise<DescriptorFacts | undefined> => {
    const pid = await ask();
    if (pid === undefined) return undefined;
    const limit = /^Max open files\s+(\d+)/m.exec(proc.text(`${pid}/limits`) ?? '')?.[1];
    const open = proc.names(`${pid}/fd`)?.length;
    return limit === undefined || open === undefined ? undefined : { pid, open, limit: Number(limit) };
  },
  judge: (facts) =>
    facts === undefined || facts.open < facts.limit * FULL
      ? []
      : [{ what: `process ${facts.pid} has ${facts.open} files open, and may have ${facts.limit}` }],
});
