import * as z from 'zod';
import { type Happening, happening } from '../../admin/contract/events.js';
import { UserError } from '../../errors.js';
import { followEvents, readEvents } from '../events/tail.js';
import { command } from '../frame/command.js';
import { secondsOf } from '../frame/desk.js';

/** Nobody's patience ends before that, s. */
const FOR_EVER_S = 1_000_000;

export const events = command({
  usage: 'events',
  about: 'what happened on this host lately: transitions, repairs, losses of the store; as long as the host runs',
  example: 'tsoverlay events --follow',
  options: [{ flags: '--follow', about: 'go on with what happens from now on; with --json one value a line' }],
  json: z.object({ events: z.array(happening).readonly() }),
  seconds: ({ options }) => (options.follow === true ? FOR_EVER_S : 5),
  async run(desk, { options }) {
    const found = readEvents(desk.adminSocket);
    if (options.follow !== true) {
      if (found === undefined) throw new UserError(`nothing is kept here: ${await desk.away()}`);
      const errors = (await desk.isServed()) ? [] : [await desk.away()];
      return { lines: found.map(lineOf), json: { events: found }, exit: 0, errors };
    }
    const tell = (events: readonly Happening[]) => {
      for (const event of events) desk.tell([lineOf(event)], event);
    };
    tell(found ?? []);
    // Until somebody ends the process.
    await followEvents(desk.adminSocket, tell, new AbortController().signal);
    return { lines: [], json: { events: [] }, exit: 0 };
  },
});

/** `2026-11-27T03:41:12Z warn row store.news: …` */
const lineOf = ({ at, level, event, code, text }: Happening): string =>
  `${secondsOf(at)} ${level.padEnd(5)} ${code ?? event}: ${text}`;
