/** An overview, or news of one, as JSON, in pieces: no turn of the event loop makes the text of thousands of containers. */
import { setImmediate as turn } from 'node:timers/promises';
import { ANSWERS_VERSION } from '../admin/contract/exchange.js';
import { RELEASE } from '../model/cluster/release.js';
import type { Endpoint } from '../model/values/types.js';
import type { News } from './news.js';
import { memberOf } from './overview.js';

const AT_ONCE = 200;

/** Without a newline. `self`: see the contract. */
export async function* textOf(news: News, self: string): AsyncGenerator<string> {
  const { members, ...parts } = news;
  const head = { version: ANSWERS_VERSION, at: new Date().toISOString(), self, release: RELEASE, ...parts };
  yield `${JSON.stringify(head).slice(0, -1)},"members":{`;
  let comma = '';
  for (const [network, endpoints] of members) {
    yield `${comma}${JSON.stringify(network)}:[`;
    yield* listOf([...endpoints.values()]);
    yield ']';
    comma = ',';
  }
  yield '}}';
}

async function* listOf(endpoints: readonly Endpoint[]): AsyncGenerator<string> {
  for (let from = 0; from < endpoints.length; from += AT_ONCE) {
    const texts = endpoints.slice(from, from + AT_ONCE).map((endpoint) => JSON.stringify(memberOf(endpoint)));
    yield `${from === 0 ? '' : ','}${texts.join()}`;
    await turn();
  }
}
