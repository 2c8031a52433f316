/** The floods that `npm run test:attacks` does for a minute each on every engine, a few of them, for a few seconds. */
import { FLOODS } from './attacks/floods.js';
import { attackWith } from './attacks/onslaught.js';

const floods = FLOODS.filter((flood) => flood.short).map((flood) => ({ ...flood, powers: flood.powers.slice(0, 1) }));
attackWith({ options: {}, floods, seconds: 5, quietSeconds: 5, hurry: true });
