/** MAC addresses of a network's endpoints: two of the same would take each other's traffic. */
import { UserError } from '../../errors.js';
import type { Store } from '../../model/ports/ports.js';
import { ipOf } from '../../model/values/address.js';
import { differing } from '../../model/values/differing.js';
import { edited, lineOf } from '../../model/values/edition.js';
import { macOf, macText } from '../../model/values/mac.js';
import { keys } from '../../model/values/names.js';
import type { Endpoint, EndpointId, Ip, Mac, NetworkId } from '../../model/values/types.js';
import { parseEndpoint } from '../../store/records/records.js';
import type { ClusterView } from '../../store/view/cluster-view.js';

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
    private readonly store: Pick<Store, 'list'>,
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

  /** Throws a UserError when the user's MAC cannot serve. Asks the store: this host may be new to the network. */
  async check(network: NetworkId, mac: Mac, endpoint: EndpointId): Promise<void> {
    const first = Number.parseInt(mac.slice(0, 2), 16);
    if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(mac) || first % 2 !== 0 || /^[0:]+$/.test(mac))
      throw new UserError(
        `"${mac}" is no MAC address of one card: it needs six bytes, the first of them even and not all of them zero; choose another --mac-address`,
      );
    this.refuse(
      mac,
      (await this.with(network, mac)).find((e) => e.id !== endpoint),
    );
  }

  /**
   * Throws a UserError when another host was faster with the same MAC: of two that both found it free, both look again
   * once their records stand, and the younger one gives way.
   */
  async confirm(network: NetworkId, mac: Mac, endpoint: EndpointId): Promise<void> {
    const all = await this.with(network, mac);
    const born = all.find((e) => e.id === endpoint)?.born ?? Number.POSITIVE_INFINITY;
    this.refuse(
      mac,
      all.find((e) => e.id !== endpoint && (e.born ?? 0) < born),
    );
  }

  private async with(network: NetworkId, mac: Mac): Promise<readonly Endpoint[]> {
    const { entries } = await this.store.list(keys.endpoints(network));
    return entries.flatMap((entry) => parseEndpoint(entry) ?? []).filter((e) => e.mac === mac);
  }

  private refuse(mac: Mac, user: Endpoint | undefined): void {
    if (user === undefined) return;
    const host = this.view.current.nodes.get(user.node)?.hostname ?? user.node;
    throw new UserError(
      `MAC address ${mac} is already that of container ${user.names[0] ?? user.id.slice(0, 12)} on host ${host}; choose another --mac-address`,
    );
  }
}
