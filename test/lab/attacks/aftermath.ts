/** After a flood: the attacked network works again, and nothing of the flood is left in the kernels of both hosts. */
import { setTimeout as sleep } from 'node:timers/promises';
import { lines } from '../options/site.js';
import { within } from '../waiting.js';
import { BOTH, type Field, type HostNumber } from './field.js';

const PATIENCE_MS = 10_000;
/** The port of a container that is gone goes when none has come or gone for half a second. */
const REST_MS = 1_500;
/** Entries that a bridge may have learned by itself. */
const LEARNED = 64;

/** What is planned, in words: devices, lasting FDB entries and neighbours of each network on each host. */
export type Order = readonly string[];

const LOOK = [
  // A card that was healed has a new number and another name.
  "ip -o link | sed 's/^[0-9]*: //; s/[:@].*//'",
  "bridge fdb show | grep -E 'permanent|static'",
  'ip neigh show nud permanent; ip -6 neigh show nud permanent',
].join('; ');

/** Before a flood, once no container comes or goes any more: two looks with a rest in between have found the same. */
export async function orderAtRest(field: Field): Promise<Order> {
  let now: Order = [];
  await within(PATIENCE_MS, 'nothing changes by itself', async () => {
    const before = await order(field);
    await sleep(REST_MS);
    now = await order(field);
    return now.join('\n') === before.join('\n');
  });
  return now;
}

async function order(field: Field): Promise<Order> {
  const looks = BOTH.flatMap((host) =>
    field.namespaces.map(async (namespace) =>
      lines(await field.inside(host, namespace, `{ ${LOOK}; } | sort; true`)).map((l) => `${host} ${namespace} ${l}`),
    ),
  );
  return (await Promise.all(looks)).flat();
}

/** Entries that nobody planned, on the host that has most of them in one network. */
export async function mostLearned(field: Field): Promise<number> {
  const count = async (host: HostNumber, namespace: string) =>
    Number(await field.inside(host, namespace, "bridge fdb show | grep -Evc 'permanent|static'; true"));
  return Math.max(...(await Promise.all(BOTH.flatMap((host) => field.namespaces.map((n) => count(host, n))))));
}

/** Waits until all is in order again; rejects with what is not. */
export async function recovers(field: Field, before: Order): Promise<void> {
  const { site } = field;
  for (const [from, to] of [
    [1, 2],
    [2, 1],
  ] as const) {
    for (const name of [`target${to}`, `-6 fd00:21::${to}0`])
      await within(PATIENCE_MS, `target${from} reaches ${name}`, () => site.ping(from, `target${from}`, name));
    await within(PATIENCE_MS, `a new container on host ${from} reaches target${to}`, () =>
      site.succeeds(from, `run --rm --net hit busybox ping -c1 -W2 target${to}`),
    );
  }
  let now: Order = [];
  await within(PATIENCE_MS, 'the kernels are as planned', async () => {
    now = await order(field);
    return now.join('\n') === before.join('\n');
  }).catch((e: unknown) => {
    const [over, missing] = [now.filter((l) => !before.includes(l)), before.filter((l) => !now.includes(l))];
    throw new Error(`${e}; over: ${over.slice(0, 5).join(', ')}; missing: ${missing.slice(0, 5).join(', ')}`);
  });
  const learned = await mostLearned(field);
  if (learned > LEARNED) throw new Error(`a bridge has learned ${learned} entries`);
}
