/** MAC addresses of a network's endpoints: two of the same would take each other's traffic. */
import { UserError } from '../../errors.js';
import type { Entry, Store } from '../../model/ports/ports.js';
import { ipOf } from '../../model/values/address.js';
import { differing } from '../../model/values/differing.js';
import { edited, lineOf } from '../../model/values/edition.js';
import { macOf, macText } from '../../model/values/mac.js';
import { keys } from '../../model/values/names.js';
import type { Endpoint, EndpointId, Ip, Mac, NetworkId } from '../../model/values/types.js';
import { parseEndpoint } from '../../store/records/records.js';
import type { ClusterView } from '../../store/view/cluster-view.js';

/** Owners whose endpoints are read at once. */
const AT_ONCE = 8;

type All = ReadonlyMap<EndpointId, Endpoint>;

/** Who has which MAC in a network. */
interface Bearers {
  readonly of: All;
  readonly byMac: Map<Mac, ReadonlyMap<EndpointId, Endpoint>>;
}

export class Macs {
  /** Of networks of this host's own containers, kept from one to the next. */
  private readonly bearers = new WeakMap<object, Bearers>();

  constructor(
    private readonly store: Pick<Store, 'children' | 'get' | 'list'>,
    private readonly view: Pick<ClusterView, 'current'>,
  ) {}

  /** The MAC that belongs to the address; one of the endpoint's own id where this host knows that to be taken. */
  choose(network: NetworkId, ip: Ip, endpoint: EndpointId): Mac {
    const usual = macOf(ip);
    const others =
      this.follow(this.view.current.endpoints.get(network) ?? new Map())
        .get(usual)
        ?.values() ?? [];
    // One with the same address is on its way out: addresses are leased once.
    const isTaken = [...others].some(({ addresses }) => !addresses.some((a) => ipOf(a) === ip));
    return isTaken ? macText(`0242${endpoint.slice(0, 8)}`) : usual;
  }

  /** It costs what has changed since the last time. */
  private follow(all: All): Bearers['byMac'] {
    const { of, byMac } = this.bearers.get(lineOf(all)) ?? { of: new Map() as All, byMac: new Map() };
    const put = (mac: Mac | undefined, id: EndpointId, endpoint: Endpoint | undefined) => {
      if (mac === undefined) return;
      const now = edited(byMac.get(mac) ?? new Map<EndpointId, Endpoint>(), new Map([[id, endpoint]]));
      if (now.size > 0) byMac.set(mac, now);
      else byMac.delete(mac);
    };
    for (const id of differing(of, all)) {
      const [was, is] = [of.get(id), all.get(id)];
      if (was?.mac !== is?.mac) put(was?.mac, id, undefined);
      put(is?.mac, id, is);
    }
    this.bearers.set(lineOf(all), { of: all, byMac });
    return byMac;
  }

  /** Throws a UserError when the user's MAC cannot serve. */
  async check(network: NetworkId, mac: Mac, endpoint: EndpointId): Promise<void> {
    const first = Number.parseInt(mac.slice(0, 2), 16);
    if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(mac) || first % 2 !== 0 || /^[0:]+$/.test(mac))
      throw new UserError(
        `"${mac}" is no MAC address of one card: it needs six bytes, the first of them even and not all of them zero; choose another --mac-address`,
      );
    const all = this.view.current.endpoints.get(network);
    // This host may be new to the network.
    const bearers =
      all === undefined ? await this.inStore(network, mac) : await this.still(mac, this.follow(all).get(mac));
    this.refuse(
      mac,
      bearers.find((e) => e.id !== endpoint),
    );
  }

  /**
   * Throws a UserError when another host was faster with the same MAC: of two that both found it free, both look again
   * once their records stand, and the younger one gives way. Only the store has both for sure.
   */
  async confirm(network: NetworkId, mac: Mac, endpoint: EndpointId): Promise<void> {
    const all = await this.inStore(network, mac);
    const born = all.find((e) => e.id === endpoint)?.born ?? Number.POSITIVE_INFINITY;
    this.refuse(
      mac,
      all.find((e) => e.id !== endpoint && (e.born ?? 0) < born),
    );
  }

  /** Who has it by what this host sees, and by the store as well: one may have gone a moment ago. */
  private async still(mac: Mac, seen: All = new Map()): Promise<readonly Endpoint[]> {
    const entries = await Promise.all(
      [...seen.values()].map((e) => this.store.get(keys.endpoint(e.network, e.node, e.id))),
    );
    return bearing(
      mac,
      entries.flatMap((entry) => entry ?? []),
    );
  }

  /** Who has it by the store, owner by owner: all at once would be megabytes in one turn. */
  private async inStore(network: NetworkId, mac: Mac): Promise<readonly Endpoint[]> {
    const prefix = keys.endpoints(network);
    const owners = (await this.store.children(prefix)).keys.filter((child) => child.endsWith('/'));
    const found: Endpoint[] = [];
    for (let from = 0; from < owners.length; from += AT_ONCE) {
      const some = owners.slice(from, from + AT_ONCE).map(async (owner) => {
        found.push(...bearing(mac, (await this.store.list(prefix + owner)).entries));
      });
      await Promise.all(some);
    }
    return found;
  }

  private refuse(mac: Mac, user: Endpoint | undefined): void {
    if (user === undefined) return;
    const host = this.view.current.nodes.get(user.node)?.hostname ?? user.node;
    throw new UserError(
      `MAC address ${mac} is already that of container ${user.names[0] ?? user.id.slice(0, 12)} on host ${host}; choose another --mac-address`,
    );
  }
}

/** A record says a MAC in one way, so that the others need not be parsed. */
const bearing = (mac: Mac, entries: readonly Entry[]): readonly Endpoint[] =>
  entries
    .filter((entry) => entry.value.includes(mac))
    .flatMap((entry) => parseEndpoint(entry) ?? [])
    .filter((e) => e.mac === mac);
