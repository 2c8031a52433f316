/**
 * Takes labs down, also those whose process died half-way. What is to go is found by the lab's name, not by what was
 * written down: a process is the lab's when it is in one of the lab's network namespaces.
 */
import { type Dirent, existsSync } from 'node:fs';
import { readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '../../src/errors.js';
import { attempt } from './command.js';
import { diskFolder, machineName, STATE, stateFolder } from './paths.js';
import { until } from './process.js';
import { ownership } from './record.js';

const CGROUPS = '/sys/fs/cgroup';

/** Takes down the lab `name` and every lab whose owner is dead; rejects when `name` is in use by a living process. */
export async function makeRoom(name: string): Promise<void> {
  if ((await ownership(name)) === 'foreign') throw new Error(`the lab ${name} is in use by another process`);
  // A leading dot marks a folder that is just being made.
  const labs = (await list(STATE)).filter((lab) => !lab.startsWith('.') && lab !== name);
  const dead = await Promise.all(labs.map(async (lab) => (await ownership(lab)) === 'orphan'));
  await Promise.all([name, ...labs.filter((_, i) => dead[i])].map(removeLab));
}

/** Ends a lab's processes and removes its namespaces, cgroups and folders; what is gone already is a success. */
export async function removeLab(lab: string): Promise<void> {
  const prefix = machineName(lab);
  const spaces = (await list('/run/netns')).filter((n) => n.startsWith(prefix));
  await Promise.all(spaces.map(endProcesses));
  // Devices, addresses and rules go with their namespace.
  await Promise.all(spaces.map((n) => attempt(['ip', 'netns', 'delete', n])));
  await removeCgroups(prefix);
  await rm(diskFolder(lab), { recursive: true, force: true });
  await rm(stateFolder(lab), { recursive: true, force: true });
}

/** kill -9 of all that is in a network namespace; with a host's first process go all that it has elsewhere. */
async function endProcesses(netns: string): Promise<void> {
  await until(`the processes in ${netns} to end`, 15, async () => {
    const { stdout } = await attempt(['ip', 'netns', 'pids', netns]);
    const pids = stdout.split('\n').filter((pid) => pid !== '');
    for (const pid of pids) {
      try {
        process.kill(Number(pid), 'SIGKILL');
      } catch (e) {
        if (!hasCode(e, 'ESRCH')) throw e;
      }
    }
    return pids.length === 0;
  });
}

/** With cgroup v1 each controller has a tree of its own, with v2 there is one. */
async function removeCgroups(prefix: string): Promise<void> {
  const v2 = existsSync(join(CGROUPS, 'cgroup.controllers'));
  const trees = v2
    ? [CGROUPS]
    : (await entries(CGROUPS)).flatMap((e) => (e.isDirectory() ? join(CGROUPS, e.name) : []));
  for (const tree of trees) {
    for (const group of await list(tree)) if (group.startsWith(prefix)) await removeTree(join(tree, group));
  }
}

/** A cgroup is removed by rmdir, its children first; its files are the kernel's. */
async function removeTree(group: string): Promise<void> {
  for (const entry of await entries(group)) if (entry.isDirectory()) await removeTree(join(group, entry.name));
  // A process that was just killed leaves its cgroup a moment later.
  await until(`${group} to be empty`, 5, async () => {
    try {
      await rmdir(group);
      return true;
    } catch (e) {
      if (hasCode(e, 'ENOENT')) return true;
      if (hasCode(e, 'EBUSY')) return false;
      throw e;
    }
  });
}

const list = async (folder: string): Promise<readonly string[]> => (await entries(folder)).map((e) => e.name);

/** What is in a folder: nothing when it is gone, for another process may be sweeping as well. */
async function entries(folder: string): Promise<readonly Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (e) {
    if (hasCode(e, 'ENOENT')) return [];
    throw e;
  }
}
