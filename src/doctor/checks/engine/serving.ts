import { messageOf } from '../../../errors.js';
import { check } from '../../check.js';
import type { Surroundings } from '../../surroundings.js';

export const engineServing = check({
  code: 'engine.serving',
  about: 'the engine of this host',
  harm: 'no container can be started or stopped, and names of new ones are not known; those that run go on',
  cure: 'see why dockerd does not run: journalctl -u docker, and start it',
  look: async ({ engine }: Pick<Surroundings, 'engine'>): Promise<string | undefined> =>
    engine().then(
      () => undefined,
      (e: unknown) => messageOf(e),
    ),
  judge: (why) => (why === undefined ? [] : [{ what: `the engine does not answer: ${why}` }]),
});
