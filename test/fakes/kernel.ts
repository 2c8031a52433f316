/** One host's namespaces in memory: what steps do to them, and what looking at them costs. */
import { kernelError } from '../../src/kernel/system/errno.js';
import type { Notice } from '../../src/model/diff/drift.js';
import type { ObservedLink, ObservedNamespace } from '../../src/model/plan/observed.js';
import type { Step } from '../../src/model/plan/steps.js';
import type { NetworksKernel } from '../../src/model/ports/kernel-port.js';
import type { Cidr, Mac, NamespaceName } from '../../src/model/values/types.js';

type Port = { -readonly [K in keyof ObservedLink]: ObservedLink[K] };

interface Space {
  readonly links: Map<string, Port>;
  readonly addresses: Set<string>;
  readonly neighbours: Map<string, string>;
  readonly fdb: Map<string, string>;
  readonly statics: Map<string, string>;
  readonly filters: Map<string, ObservedNamespace['filters'][number]>;
}

const QUIET = { learning: false, flood: false };

export class FakeKernel implements NetworksKernel {
  readonly spaces = new Map<NamespaceName, Space>();
  readonly steps: Step[] = [];
  /** How often everything was looked at, and how often devices alone. */
  looks = { all: 0, devices: 0 };
  private index = 1;

  observe = async (name: NamespaceName, part?: 'devices'): Promise<ObservedNamespace | undefined> => {
    this.looks[part ?? 'all']++;
    const space = this.spaces.get(name);
    if (space === undefined) return undefined;
    const tables = part === undefined ? tablesOf(space) : { neighbours: [], fdb: [], statics: [] };
    return {
      name,
      links: [...space.links.values()].map((l) => ({ ...l })),
      addresses: [...space.addresses].map((text) =>
        pair(text, (link, address) => ({ link, address: address as Cidr })),
      ),
      sysctls: new Map(),
      filters: [...space.filters.values()],
      ...tables,
    };
  };

  apply = async (step: Step): Promise<void> => {
    this.steps.push(step);
    if (step.kind === 'removeNamespace') {
      this.spaces.delete(step.ns);
      return;
    }
    if (step.kind === 'createNamespace' && !this.spaces.has(step.ns)) this.spaces.set(step.ns, emptySpace());
    const space = this.spaces.get(step.ns);
    if (space === undefined) throw kernelError(step.kind, 'ENOENT');
    this.change(space, step);
  };

  /** What was said of addresses: `address is-at MAC`. */
  readonly said: string[] = [];
  announce: NetworksKernel['announce'] = async (_, bearers) => {
    for (const { ip, mac } of bearers) this.said.push(`${ip} is-at ${mac}`);
  };
  isNamespace = () => true;
  calm = () => {};

  /** Those whose br0 bears a network's id. */
  namespaces = async (): Promise<readonly NamespaceName[]> =>
    [...this.spaces].filter(([, { links }]) => links.get('br0')?.alias).map(([name]) => name);

  private readonly listeners = new Map<NamespaceName, (notices: readonly Notice[]) => void>();
  watch: NetworksKernel['watch'] = async (name, listener) => {
    this.listeners.set(name, listener);
  };

  /** The kernel tells whoever listens. */
  tell(name: NamespaceName, ...notices: readonly Notice[]): void {
    this.listeners.get(name)?.(notices);
  }

  /** `ip link delete`, by somebody else: a veth's other end goes along. */
  deleteLink(name: NamespaceName, link: string): void {
    const space = this.spaces.get(name);
    const { alias = '', mtu = 0 } = space?.links.get(link) ?? {};
    if (space !== undefined) removeLink(space, link);
    const state = { alias, mtu, up: false, master: '', learning: false, snooping: false };
    this.tell(name, { kind: 'link', link, gone: true, ...state });
  }

  /** `umount` and the end of it: what was in it is gone. */
  wipe(): void {
    this.spaces.clear();
    this.listeners.clear();
  }

  /** What the namespaces are like, whatever order it came about in; ports by their endpoints. */
  get state(): unknown {
    return [...this.spaces].map(([name, space]) => {
      const nameOf = (link: string) => space.links.get(link)?.alias || link;
      const named = (entries: Iterable<readonly [string, string]>) =>
        [...entries].map(([key, value]) => pair(key, (link, rest) => `${nameOf(link)} ${rest} ${value}`)).sort();
      const statics = [...space.statics].map(([key, link]) => `${key} ${nameOf(link)}`).sort();
      const links = [...space.links.values()].map(({ index: _, name: link, ...l }) => ({ ...l, name: nameOf(link) }));
      return {
        name,
        links: links.sort((a, b) => (a.name < b.name ? -1 : 1)),
        addresses: [...space.addresses].sort(),
        neighbours: named(space.neighbours),
        fdb: named(space.fdb),
        statics,
        filters: [...space.filters.values()].map((f) => ({ ...f, link: nameOf(f.link) })).sort(byLink),
      };
    });
  }

  private change(space: Space, step: Step): void {
    const link = 'link' in step ? space.links.get(step.link) : undefined;
    switch (step.kind) {
      case 'createBridge':
        this.add(space, {
          name: step.link,
          kind: 'bridge',
          mtu: step.mtu,
          mac: step.mac,
          alias: step.alias,
          bridge: { snooping: false },
        });
        return;
      case 'createVxlan': {
        const fence = step.flooding && { fence: step.flooding.gateways };
        const vxlan = { vni: step.vni, port: 4789, learning: false, proxy: step.flooding === undefined, ...fence };
        this.add(space, { name: step.link, kind: 'vxlan', mtu: step.mtu, master: step.master, vxlan, port: QUIET });
        return;
      }
      case 'createPort':
        this.createPort(space, step);
        return;
      case 'removeLink':
        removeLink(space, step.link);
        return;
      case 'addAddress':
        space.addresses.add(`${step.link} ${step.address}`);
        return;
      case 'removeAddress':
        space.addresses.delete(`${step.link} ${step.address}`);
        return;
      case 'removeNeighbour':
        space.neighbours.delete(`${step.link} ${step.ip}`);
        return;
      case 'removeFdb':
        space.fdb.delete(`${step.link} ${step.mac} ${step.vtep}`);
        return;
      case 'removeStatic':
        if (space.statics.get(`${link?.master} ${step.mac}`) === step.link)
          space.statics.delete(`${link?.master} ${step.mac}`);
        return;
      case 'removeFilter':
        space.filters.delete(step.link);
        return;
    }
    if (!('link' in step)) return;
    if (link === undefined) throw kernelError(step.kind, 'ENODEV');
    switch (step.kind) {
      case 'replaceFence':
        Object.assign(link, { vxlan: { ...link.vxlan, fence: step.gateways } });
        return;
      case 'setMtu':
        link.mtu = step.mtu;
        return;
      case 'setMac':
        link.mac = step.mac;
        return;
      case 'setUp':
        link.up = true;
        return;
      case 'setMaster':
        for (const [key, port] of space.statics) if (port === step.link) space.statics.delete(key);
        link.master = step.master;
        return;
      case 'replaceNeighbour':
        space.neighbours.set(`${step.link} ${step.ip}`, step.mac);
        return;
      case 'replaceFdb':
        replaceFdb(space, step);
        return;
      case 'replaceStatic':
        space.statics.set(`${link.master} ${step.mac}`, step.link);
        return;
      case 'replaceFilter':
        space.filters.set(step.link, { link: step.link, sender: step.sender });
        return;
    }
  }

  private createPort(space: Space, step: Step<'createPort'>): void {
    this.add(space, {
      name: step.link,
      kind: 'veth',
      mtu: step.mtu,
      master: step.master,
      alias: step.alias,
      port: QUIET,
    });
    if (step.sender !== undefined) space.filters.set(step.link, { link: step.link, sender: step.sender });
  }

  private add(space: Space, link: Partial<ObservedLink> & { readonly name: string; readonly kind: string }): void {
    const rest = { index: this.index++, mtu: 1450, up: true, master: '', mac: '02:00:00:00:00:00' as Mac, alias: '' };
    space.links.set(link.name, { ...rest, ...link });
  }
}

const emptySpace = (): Space => ({
  links: new Map(),
  addresses: new Set(),
  neighbours: new Map(),
  fdb: new Map(),
  statics: new Map(),
  filters: new Map(),
});

function tablesOf({ neighbours, fdb, statics, links }: Space) {
  return {
    neighbours: [...neighbours].map(([key, mac]) => pair(key, (link, ip) => ({ link, ip, mac }))),
    fdb: [...fdb].map(([key, vtep]) => pair(key, (link, rest) => ({ link, mac: rest.split(' ')[0], vtep }))),
    statics: [...statics]
      .filter(([, link]) => links.has(link))
      .map(([key, link]) => ({ link, mac: key.slice(key.indexOf(' ') + 1) })),
  } as unknown as Pick<ObservedNamespace, 'neighbours' | 'fdb' | 'statics'>;
}

/** The entry for unknown MACs has many VTEPs, any other one. */
function replaceFdb({ fdb }: Space, { link, mac, vtep }: Step<'replaceFdb'>): void {
  const entry = `${link} ${mac} `;
  if (mac !== '00:00:00:00:00:00') for (const key of fdb.keys()) if (key.startsWith(entry)) fdb.delete(key);
  fdb.set(`${entry}${vtep}`, vtep);
}

/** With what hangs on it. */
function removeLink({ links, neighbours, fdb, statics, addresses, filters }: Space, name: string): void {
  links.delete(name);
  for (const table of [neighbours, fdb])
    for (const key of table.keys()) if (key.startsWith(`${name} `)) table.delete(key);
  for (const address of addresses) if (address.startsWith(`${name} `)) addresses.delete(address);
  for (const [key, port] of statics) if (port === name) statics.delete(key);
  filters.delete(name);
}

const byLink = (a: { readonly link: string }, b: { readonly link: string }): number => (a.link < b.link ? -1 : 1);

function pair<T>(text: string, make: (first: string, rest: string) => T): T {
  const at = text.indexOf(' ');
  return make(text.slice(0, at), text.slice(at + 1));
}
