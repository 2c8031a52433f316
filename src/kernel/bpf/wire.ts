/**
 * The host's part of the short way: the program at the underlay's device, and which networks it serves. The program holds
 * its maps, so those of an earlier process are found again with it.
 */
import { closeSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { Mutex } from 'async-mutex';
import { hookMark } from '../../model/host/accelerator.js';
import { linkIndex, listLinks } from '../links/links.js';
import type { Rtnetlink } from '../netlink/rtnetlink.js';
import { Opened } from '../opening/opened.js';
import { together } from '../opening/together.js';
import { ensurePlace, type Hook, hook, isEmptyPlace, removePlace, unhook } from './hooks.js';
import { hooksOnHost } from './host-hooks.js';
import { labelOf, markIn } from './label.js';
import { load, openMaps, type Settings } from './program.js';
import {
  createMap,
  idOfMap,
  mapsOfProgram,
  numberIn,
  removeElement,
  removeMap,
  setElement,
  setMap,
} from './syscall.js';

interface HostMaps {
  readonly networks: number;
  readonly lanes: number;
}

/** What is listed of a network. */
export interface Listed {
  /** Id of the map of its MACs. */
  readonly macs: number | undefined;
  /** Index of its lane's end on the host. */
  readonly lane: number | undefined;
}

export type WireSettings = Required<Pick<Settings, 'vtep' | 'port'>>;

export class Wire {
  private readonly maps = new Opened<HostMaps>(
    () => this.openMaps(),
    (maps) => {
      for (const fd of Object.values(maps)) closeSync(fd);
    },
  );

  /** What is taken off the list must not be another's that has come meanwhile. */
  private readonly changing = new Mutex();

  /** `host`: a socket in the host's namespace. */
  constructor(readonly host: Rtnetlink) {}

  /** Devices that have our program, by name, each with what it was made for; empty when it is not one of ours now. */
  async hooks(): Promise<ReadonlyMap<string, string>> {
    const found = await hooksOnHost(this.host);
    if (found.size === 0) return new Map();
    const { networks, lanes } = await this.maps.get();
    const ids = [networks, lanes].map(idOfMap);
    const markOf = ({ name, program }: Hook): string =>
      isDeepStrictEqual(mapsOfProgram(program), ids) ? (markIn(name, 'arrive') ?? '') : '';
    return new Map([...found].map(([link, filter]) => [link, markOf(filter)]));
  }

  /** At the ingress of a device; one that is there is replaced at one moment. Rejects with a KernelError. */
  async hook(link: string, settings: WireSettings): Promise<void> {
    const mark = hookMark({ local: settings.vtep, port: settings.port });
    const index = await linkIndex(this.host, link, `tc qdisc add dev ${link} clsact`);
    const program = load('arrive', settings, { ...(await this.maps.get()) });
    try {
      await ensurePlace(this.host, { link: index, block: 0 });
      await hook(this.host, { link: index }, program, labelOf('arrive', mark));
    } finally {
      closeSync(program);
    }
  }

  /** A place that has nothing else goes along. */
  async unhook(link: string): Promise<void> {
    const index = (await listLinks(this.host)).find((l) => l.name === link)?.index;
    if (index === undefined) return;
    await unhook(this.host, { link: index });
    if (await isEmptyPlace(this.host, index)) await removePlace(this.host, index);
  }

  /** From now on frames of this network take the short way in. `lane`: index of its end on the host. */
  async list(vni: number, macs: number, lane: number): Promise<void> {
    await this.changing.runExclusive(async () => {
      const maps = await this.maps.get();
      setElement(maps.lanes, vniKey(vni), word(lane));
      await setMap(maps.networks, vniKey(vni), word(macs));
    });
  }

  async listed(vni: number): Promise<Listed> {
    const { networks, lanes } = await this.maps.get();
    return { macs: numberIn(networks, vniKey(vni)), lane: numberIn(lanes, vniKey(vni)) };
  }

  /** Unless another namespace has the network by now. `macs`: id of the map. */
  async unlist(vni: number, macs: number): Promise<void> {
    await this.changing.runExclusive(async () => {
      const { networks, lanes } = await this.maps.get();
      if (numberIn(networks, vniKey(vni)) !== macs) return;
      await removeMap(networks, vniKey(vni));
      removeElement(lanes, vniKey(vni));
    });
  }

  /** What is hooked goes on. Not under a pool thread: the maps' numbers would be somebody else's the next moment. */
  close(): void {
    void this.changing.runExclusive(() => this.maps.close());
  }

  private async openMaps(): Promise<HostMaps> {
    for (const { name, program } of (await hooksOnHost(this.host)).values()) {
      // What another release's list is of, a map of this one's may not fit into, and nothing tells.
      if (markIn(name, 'arrive') === '') continue;
      const [networks, lanes] = openMaps(program, ['networks', 'lanes']) ?? [];
      if (networks !== undefined && lanes !== undefined) return { networks, lanes };
    }
    const like = createMap('macs');
    try {
      return together((keep) => ({
        networks: keep(createMap('networks', like), closeSync),
        lanes: createMap('lanes'),
      }));
    } finally {
      closeSync(like);
    }
  }
}

/** As it is in a VXLAN header. */
function vniKey(vni: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(vni * 256);
  return bytes;
}

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
