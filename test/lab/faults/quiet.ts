/** After the storm: everything is switched on again, and what is there is looked at until it is right or time is up. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { DockerHost, Lab } from '../lab.js';
import { leaks, type Rest } from './checker.js';
import type { Holding } from './history.js';
import { startPlugin } from './scene.js';
import type { World } from './world.js';

/** Left-overs are freed by the comparison with the engine: an orphan is 60 s old, and it comes every 60 s. */
const PATIENCE_MS = 150_000;

/** Everything that a fault may have left off is on again. */
export async function calm(lab: Lab): Promise<void> {
  for (const h of lab.hosts) await lab.lan.join(h.name);
  for (const h of lab.hosts) {
    if (!h.host.isOn()) await lab.powerOn(h);
    if (h === lab.hosts[0] && h.host.process('consul') === undefined) await lab.consul.start();
    lab.consul.thaw();
    if (!h.plugin.isRunning()) await h.plugin.start();
    if (!h.engine.isRunning()) await h.engine.start();
  }
}

/** The state once Consul and the engines agree, or as it is when patience ends; and how long that took, ms. */
export async function settle(lab: Lab, world: World): Promise<{ readonly rest: Rest; readonly ms: number }> {
  const start = Date.now();
  for (;;) {
    const looks = await Promise.all(lab.hosts.map((_, i) => world.look(i + 1)));
    const holdings = looks.flatMap((look) => look ?? []);
    const keys = (await lab.consul.keys('tsoverlay/')).map((key) => key.slice('tsoverlay/'.length));
    const rest = { holdings, keys, unreachable: [], misnamed: [], steps: [] };
    if (leaks(rest).length > 0 && Date.now() - start < PATIENCE_MS) await sleep(2_000);
    else return { rest: await examine(lab, rest), ms: Date.now() - start };
  }
}

async function examine(lab: Lab, rest: Rest): Promise<Rest> {
  const steps: string[] = [];
  const wrong: { unreachable: string[]; misnamed: string[] } = { unreachable: [], misnamed: [] };
  for (const [i, h] of lab.hosts.entries()) {
    for (const from of rest.holdings.filter((held) => held.host === i + 1)) await askAll(h, from, rest.holdings, wrong);
    await h.plugin.kill();
    steps.push(...(await startPlugin(h)));
  }
  return { ...rest, ...wrong, steps };
}

/** One shell in one container: a ping to the name of every other on its network. */
async function askAll(
  h: DockerHost,
  from: Holding,
  all: readonly Holding[],
  wrong: { unreachable: string[]; misnamed: string[] },
): Promise<void> {
  const others = all.filter((o) => o.network === from.network && o.container !== from.container);
  const names = others.map((o) => o.container).join(' ');
  const script = `for c in ${names}; do ping -c1 -W1 $c || ping -c1 -W2 $c; done; true`;
  const { stdout } = await h.engine.attempt('exec', from.container, 'sh', '-c', script);
  for (const { container, network } of others) {
    const lines = stdout.split('\n');
    const head = lines.findLastIndex((line) => line.startsWith(`PING ${container} (`));
    const address = /\((.*?)\)/.exec(lines[head] ?? '')?.[1];
    // A container on both networks has two addresses: the name may stand for either.
    const right = all.some((o) => o.container === container && o.address === address);
    if (address !== undefined && !right) wrong.misnamed.push(`${from.container}: ${container} is ${address}`);
    const reply = lines.slice(head + 1).find((line) => / packets received/.test(line));
    if (head < 0 || !reply?.includes(' 1 packets received'))
      wrong.unreachable.push(`${from.container} → ${container} on ${network}`);
  }
}
