/** Every flood on the engine that was chosen, with tsoverlay as a process. */
import { ENGINE, ONLY, SECONDS } from './choice.js';
import { FLOODS } from './floods.js';
import { attackWith } from './onslaught.js';

const quietSeconds = Math.min(10, Math.max(5, SECONDS));
attackWith({
  options: { engine: ENGINE },
  plugin: 'process',
  floods: FLOODS,
  seconds: SECONDS,
  quietSeconds,
  only: ONLY,
});
