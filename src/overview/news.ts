/** What is news to one who looks: the parts of the overview that are others than when they were told last. */
import type { Edge, Finding, OverviewHost, OverviewNetwork, Word } from '../admin/contract/overview.js';
import type { Cluster, Endpoint, EndpointId, NetworkId } from '../model/values/types.js';
import { hostsOf, networksOf } from './overview.js';

type Endpoints = ReadonlyMap<EndpointId, Endpoint>;

export interface News {
  readonly hosts?: readonly OverviewHost[];
  readonly networks?: readonly OverviewNetwork[];
  readonly edges?: readonly Edge[];
  readonly findings?: readonly Finding[];
  readonly words?: readonly Word[];
  readonly confirmed?: boolean;
  /** Of the networks that are there, those whose members are others. */
  readonly members: ReadonlyMap<NetworkId, Endpoints>;
}

export const NO_NEWS: News = { members: new Map() };

/** What there is to tell; each part is another value when it has changed. */
export interface Scene {
  readonly cluster: Cluster;
  readonly confirmed: boolean;
  readonly edges: readonly Edge[];
  readonly findings: readonly Finding[];
  readonly words: readonly Word[];
}

/** For one who looks. */
export class Teller {
  private hosts = '';
  private networks: Cluster['networks'] | undefined;
  private edges: Scene['edges'] | undefined;
  private words: Scene['words'] | undefined;
  private findings = '';
  private confirmed: boolean | undefined;
  private members = new Map<NetworkId, Endpoints>();

  /** Undefined when nothing is. */
  next({ cluster, confirmed, edges, findings, words }: Scene): News | undefined {
    const news = {
      ...this.hostNews(cluster),
      ...(cluster.networks === this.networks ? {} : { networks: networksOf(cluster) }),
      ...(edges === this.edges ? {} : { edges }),
      ...this.findingNews(findings),
      ...(words === this.words ? {} : { words }),
      ...(confirmed === this.confirmed ? {} : { confirmed }),
      members: this.memberNews(cluster),
    };
    this.networks = cluster.networks;
    this.edges = edges;
    this.words = words;
    this.confirmed = confirmed;
    return Object.keys(news).length === 1 && news.members.size === 0 ? undefined : news;
  }

  private hostNews(cluster: Cluster): Pick<News, 'hosts'> {
    const hosts = hostsOf(cluster);
    const text = JSON.stringify(hosts);
    if (text === this.hosts) return {};
    this.hosts = text;
    return { hosts };
  }

  private findingNews(findings: readonly Finding[]): Pick<News, 'findings'> {
    const text = JSON.stringify(findings);
    if (text === this.findings) return {};
    this.findings = text;
    return { findings };
  }

  private memberNews({ endpoints }: Cluster): News['members'] {
    const changed = new Map([...endpoints].filter(([id, members]) => this.members.get(id) !== members));
    // A network that has gone, and comes again, is news.
    this.members = new Map(endpoints);
    return changed;
  }
}
