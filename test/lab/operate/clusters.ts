/** Clusters that nobody has, as the page is told of them. */
import type { Edge, Member, Overview } from '../../../src/admin/contract/overview.js';

/** Names that would do something if anybody took them for markup, for a path, or for the end of a script. */
export const HOSTILE = [
  '<script>alert(1)</script>',
  '</script><script>alert(2)</script>',
  '<img src=x onerror=alert(3)>',
  '"><svg onload=alert(4)>',
  "' onmouseover='alert(5)",
  '<!--<script>',
  '{{constructor.constructor("alert(6)")()}}',
  'javascript:alert(8)',
  '\u202egnp.exe\u202c',
  '<style>*{display:none}</style>',
  '__proto__',
  'constructor',
  'a'.repeat(300),
] as const;

interface Sizes {
  readonly hosts: number;
  readonly networks: number;
  readonly containers: number;
  /** Hosts, networks, containers and findings bear those names too. */
  readonly hostile?: boolean;
}

const NOW = '2026-11-27T04:00:00.000Z';
const hex = (n: number, digits: number): string => n.toString(16).padStart(digits, '0');

export function clusterOf({ hosts, networks, containers, hostile = false }: Sizes): Overview {
  const name = (i: number, usual: string): string => (hostile ? (HOSTILE[i] ?? usual) : usual);
  const all = Array.from({ length: hosts }, (_, i) => ({
    ...{ id: hex(i + 1, 16), address: `10.0.${i >> 8}.${(i & 255) + 1}`, mtu: 1500, alive: i !== 3, encrypts: i !== 7 },
    name: name(i, `docker${String(i + 1).padStart(2, '0')}`),
  }));
  const nets = Array.from({ length: networks }, (_, i) => ({
    ...{ id: hex(i + 1, 64), internal: i === 1, encrypted: i % 2 === 0, leaving: false },
    name: name(i, ['shop', 'backend', 'metrics', 'mail', 'wiki'][i] ?? `overlay${i + 1}`),
    subnets: [
      { pool: `172.${16 + (i >> 8)}.${i & 255}.0/24`, gateway: `172.${16 + (i >> 8)}.${i & 255}.254/24`, vni: 256 + i },
    ],
  }));
  const members: Record<string, Member[]> = Object.fromEntries(nets.map(({ id }) => [id, []]));
  for (let i = 0; i < containers; i++) {
    const network = nets[i % networks];
    const host = all[((i * 7 + (i >> 5)) % Math.max(1, Math.min(hosts, 3 + ((i % networks) * hosts) / networks))) | 0];
    if (network === undefined || host === undefined) continue;
    members[network.id]?.push({
      ...{ id: hex(i, 12), container: hex(i * 31, 12), mac: '02:42:ac:10:01:01', host: host.id },
      names: [name(i, `${['web', 'db', 'cache', 'queue'][i % 4]}${(i >> 2) + 1}`), `alias${i}`],
      addresses: [`172.16.${i % networks}.${(i % 250) + 1}/24`],
    });
  }
  const finding = (text: string, severity: 'high' | 'medium') => ({
    ...{ code: 'store.news', subject: text.slice(0, 60), state: 'failing' as const, severity, since: NOW, attempts: 3 },
    ...{ text: `when this host last asked for news, ${text}`, cure: `Look at that server. ${hostile ? text : ''}` },
  });
  return {
    ...{ at: NOW, self: hex(1, 16), release: '0.1.0', confirmed: true, hosts: all, networks: nets, members },
    words: all.slice(1, 4).map(({ id }) => ({
      ...{ host: id, at: NOW },
      findings: hostile
        ? HOSTILE.map((text) => ({ code: 'store.rows', what: `said there: ${text}`, cure: text }))
        : [{ code: 'kernel.limits', what: 'the process may open 1024 files', cure: 'Raise LimitNOFILE.' }],
    })),
    edges: all.slice(1).map(({ id }, i) => edgeOf(hex(1, 16), id, i)),
    findings: hostile
      ? HOSTILE.map((text) => finding(text, 'high'))
      : [finding('10.0.0.60:8500 did not answer within 5 s', 'medium')],
  };
}

const TROUBLES: Readonly<Record<number, string>> = { 2: 'answer', 4: 'loss', 6: 'mtu' };

const edgeOf = (from: string, to: string, i: number): Edge => ({
  ...{ from, to, at: NOW, reached: i !== 2, rtt: i === 5 ? 120 : 0.3, loss: i === 4 ? 0.2 : 0 },
  ...{ mtu: i === 6 ? 1400 : 1500, planned: 1500 },
  troubles: [TROUBLES[i] ?? []].flat().map((trouble) => ({
    ...{ code: `probe.${trouble}`, what: `this way has trouble with ${trouble}`, cure: `mend ${trouble}` },
  })),
});
