/** What a bug report may show: no secret, and nothing that people wrote for themselves. Pure. */
import type { Endpoint, Network } from '../../model/values/types.js';

const PRIVATE_KEY = /-----BEGIN [^-]*PRIVATE KEY-----[\s\S]*?(-----END [^-]*PRIVATE KEY-----|$)/g;
/** Whatever is typed behind such a name. */
const SECRET =
  /\b(kv\.token|X-Consul-Token|CONSUL_HTTP_TOKEN|SecretID|secret|password)(["']?\s*[:=]\s*["']?)(?!file)[^\s,"']+/gi;

/** The text without any of these secrets, and without what looks like one. */
export function redacted(text: string, secrets: readonly (string | undefined)[]): string {
  const known = secrets.filter((secret) => secret !== undefined && secret !== '');
  const without = known.reduce<string>((rest, secret) => rest.replaceAll(secret ?? '', '‹redacted›'), text);
  return without.replace(PRIVATE_KEY, '‹redacted key›').replace(SECRET, '$1$2‹redacted›');
}

/** Labels and IPAM options are for people's programs, and may say anything; options that are ours say what is wrong. */
export function networkShown({ announced, options, ...network }: Network): object {
  const own = Object.entries(options).map(([name, value]) => [name, isOurs(name) ? value : '‹redacted›']);
  if (announced === undefined) return { ...network, options: Object.fromEntries(own) };
  const { labels, ipamOptions = {}, ...told } = announced;
  const counts = { labels: Object.keys(labels).length, ipamOptions: Object.keys(ipamOptions).length };
  return { ...network, options: Object.fromEntries(own), announced: { ...told, ...counts } };
}

const isOurs = (name: string): boolean => /^(tsoverlay\.|com\.docker\.network\.)/.test(name);

export const endpointShown = ({ container, ...endpoint }: Endpoint): object => ({
  ...endpoint,
  container: container.slice(0, 12),
});
