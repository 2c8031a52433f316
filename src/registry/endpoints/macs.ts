/** MAC addresses of a network's endpoints: two of the same would take each other's traffic. */
import { UserError } from '../../errors.js';
import type { Store } from '../../model/ports/ports.js';
import { ipOf, macOf } from '../../model/values/address.js';
import { keys } from '../../model/values/names.js';
import type { Endpoint, EndpointId, Ip, Mac, NetworkId } from '../../model/values/types.js';
import { parseEndpoint } from '../../store/records/records.js';
import type { ClusterView } from '../../store/view/cluster-view.js';

export class Macs {
  constructor(
    private readonly store: Pick<Store, 'list'>,
    private readonly view: Pick<ClusterView, 'current'>,
  ) {}

  /** The MAC that belongs to the address; one of the endpoint's own id where this host knows that to be taken. */
  choose(network: NetworkId, ip: Ip, endpoint: EndpointId): Mac {
    const usual = macOf(ip);
    // One with the same address is on its way out: addresses are leased once.
    for (const { mac, addresses } of this.view.current.endpoints.get(network)?.values() ?? [])
      if (mac === usual && !addresses.some((a) => ipOf(a) === ip))
        return `02:42:${endpoint.slice(0, 8).replace(/..(?=.)/g, '$&:')}` as Mac;
    return usual;
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
