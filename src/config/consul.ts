/** Where the store is and how to speak to it: CLUSTER_STORE and CLUSTER_STORE_OPTS, in dockerd's own spelling. */
import { readFileSync } from 'node:fs';
import { messageOf, UserError } from '../errors.js';
import { readTokenFile, tokenTrouble } from '../store/consul/token-file.js';

export interface ConsulConfig {
  readonly servers: readonly { readonly host: string; readonly port: number }[];
  /** Ends with a slash. */
  readonly prefix: string;
  readonly token?: string;
  /** Where `token` was read from. */
  readonly tokenFile?: string;
  readonly tls?: { readonly ca?: Buffer; readonly cert?: Buffer; readonly key?: Buffer };
}

const OPTIONS = ['kv.cacertfile', 'kv.certfile', 'kv.keyfile', 'kv.token', 'kv.tokenfile'];

/**
 * `consul://host:port[,host:port…][/prefix]`, as dockerd's `--cluster-store` took it; undefined when it is empty.
 * Throws a UserError that shows no secret.
 */
export function readConsul(store: string, opts: string): ConsulConfig | undefined {
  const options = readOptions(opts);
  if (store === '') return undefined;
  // Somebody may try a password here.
  const shown = store.replace(/\/\/.*@/, '//…@');
  const bad = (why: string) =>
    new UserError(`CLUSTER_STORE is "${shown}", ${why}; write it as consul://host:port[,host:port][/prefix]`);
  if (shown !== store) throw bad('which has a name or password; a token is kv.tokenfile in CLUSTER_STORE_OPTS');
  const match = /^consul:\/\/([^/]+)(?:\/(.*))?$/.exec(store);
  if (match === null) throw bad('which does not start with consul:// and a host');
  const [, hosts = '', path = ''] = match;
  const servers = hosts.split(',').map((text) => {
    const server = /^(\[[^\]]+\]|[^:[\]]+)(?::(\d+))?$/.exec(text.trim());
    const port = Number(server?.[2] ?? 8500);
    if (server?.[1] === undefined || port < 1 || port > 65535) throw bad(`in which "${text}" is no host:port`);
    return { host: server[1].replace(/^\[|\]$/g, ''), port };
  });
  const prefix = [...path.split('/').filter((part) => part !== ''), 'tsoverlay'].join('/');
  return { servers, prefix: `${prefix}/`, ...options };
}

/** CLUSTER_STORE_OPTS as it may be shown: files are named in it, a token is left out. */
export const withoutToken = (opts: string): string =>
  opts
    .split(',')
    .filter((part) => /^\s*kv\.(cacertfile|certfile|keyfile|tokenfile)=/.test(part))
    .join(',');

function readOptions(text: string): Pick<ConsulConfig, 'token' | 'tokenFile' | 'tls'> {
  const pairs = new Map<string, string>();
  for (const part of text.split(',').filter((p) => p.trim() !== '')) {
    const [key = '', ...value] = part.trim().split('=');
    if (!OPTIONS.includes(key)) {
      // What is no option's name may be the half of a token.
      const what = /^[a-z]{2,8}\.[a-z]{1,16}$/.test(key) ? `"${key}", which is unknown` : 'a part that is no option';
      throw new UserError(
        `CLUSTER_STORE_OPTS has ${what}; use ${OPTIONS.slice(0, -1).join(', ')} or ${OPTIONS.at(-1)}`,
      );
    }
    pairs.set(key, value.join('='));
  }
  const file = (key: string): Buffer | undefined => {
    const path = pairs.get(key);
    if (path === undefined) return undefined;
    try {
      return readFileSync(path);
    } catch (e) {
      throw new UserError(`CLUSTER_STORE_OPTS names ${key}=${path}, which cannot be read: ${messageOf(e)}`);
    }
  };
  const [ca, cert, key] = [file('kv.cacertfile'), file('kv.certfile'), file('kv.keyfile')];
  const tls = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
  return { ...readToken(pairs), ...(Object.keys(tls).length === 0 ? {} : { tls }) };
}

function readToken(pairs: ReadonlyMap<string, string>): Pick<ConsulConfig, 'token' | 'tokenFile'> {
  const [token, tokenFile] = [pairs.get('kv.token'), pairs.get('kv.tokenfile')];
  if (token !== undefined && tokenFile !== undefined)
    throw new UserError('CLUSTER_STORE_OPTS has both kv.token and kv.tokenfile; leave one of them out');
  if (tokenFile !== undefined) return { token: readTokenFile(tokenFile), tokenFile };
  if (token === undefined) return {};
  const trouble = tokenTrouble(token);
  if (trouble !== undefined)
    throw new UserError(`CLUSTER_STORE_OPTS has a kv.token that ${trouble}; put the token there`);
  return { token };
}
