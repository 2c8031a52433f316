/** A store with a cluster in it, and the page's server over it. */
import { createServer, get, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { keys } from '../../../src/model/values/names.js';
import type { Endpoint } from '../../../src/model/values/types.js';
import { formatEndpoint, formatNetwork, formatNode } from '../../../src/store/records/records.js';
import { FakeStore } from '../../fakes/store.js';
import { endpointOf, networkId, networkOf, nodeOf } from '../store/samples.js';

export const NETWORK = networkId('a');
export const HOSTS = [nodeOf('10.0.0.60', 'docker01'), nodeOf('10.0.0.61', 'docker02')];

type Stored = Omit<Endpoint, 'index'>;
export const putEndpoint = (store: FakeStore, ...endpoints: readonly Stored[]): FakeStore =>
  store.put(Object.fromEntries(endpoints.map((e) => [keys.endpoint(e.network, e.node, e.id), formatEndpoint(e)])));

export function storeWith(...names: readonly string[]): FakeStore {
  const store = new FakeStore().put({
    ...Object.fromEntries(HOSTS.map((host) => [keys.node(host.address), formatNode(host)])),
    [keys.network(NETWORK)]: formatNetwork(networkOf(NETWORK)),
  });
  for (const [i, name] of names.entries())
    putEndpoint(store, { ...endpointOf(NETWORK, (i + 1).toString(16)), names: [name] });
  return store;
}

/** Serves on loopback; `close` it. */
export async function served(handle: Parameters<typeof createServer>[1]): Promise<{ server: Server; port: number }> {
  const server = createServer(handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, port: (server.address() as AddressInfo).port };
}

export const asked = (port: number, path: string, headers: Readonly<Record<string, string>> = {}) =>
  new Promise<IncomingMessage>((resolve, reject) =>
    get({ host: '127.0.0.1', port, path, agent: false, headers }, resolve).on('error', reject),
  );

export async function textOf(answer: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of answer.setEncoding('utf8')) text += String(chunk);
  return text;
}
