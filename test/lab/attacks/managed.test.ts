/** The floods with the least power that has them, against the managed plugin: its own settings of Node hold its memory. */
import { freshPlugin } from '../managed-build.js';
import { ENGINE, ONLY, SECONDS } from './choice.js';
import { FLOODS } from './floods.js';
import { attackWith } from './onslaught.js';

await freshPlugin();
const floods = FLOODS.map((flood) => ({ ...flood, powers: flood.powers.slice(0, 1) }));
const quietSeconds = Math.min(10, Math.max(5, SECONDS));
const options = { engine: ENGINE, managed: true };
attackWith({ options, plugin: 'managed', floods, seconds: SECONDS, quietSeconds, only: ONLY });
