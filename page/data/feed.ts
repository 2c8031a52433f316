/** Where the page gets its data from: what stands in it, or what is told as it happens. */
import { merged, type News, NOTHING, type State } from './state.js';

/** `still`: it does not change any more; `lost`: it is as it was when the connection was lost. */
export type Standing = 'waiting' | 'live' | 'lost' | 'still';

interface Looker {
  readonly onState: (state: State) => void;
  readonly onStanding: (standing: Standing) => void;
}

/** Tells from now on. Returns how to end it. */
export type Feed = (looker: Looker) => () => void;

export const still =
  (whole: News): Feed =>
  ({ onState, onStanding }) => {
    onState(merged(NOTHING, whole));
    onStanding('still');
    return () => {};
  };

/** A browser gives up on a server that answers with an error, and so does not by itself try again; ms. */
const AGAIN_MS = 2_000;

/** Whoever connects gets all of it first, and after a loss anew. */
export const live =
  (url: string): Feed =>
  ({ onState, onStanding }) => {
    let [state, timer] = [NOTHING, 0];
    const connect = (): EventSource => {
      const made = new EventSource(url);
      made.addEventListener('open', () => {
        state = NOTHING;
      });
      made.addEventListener('message', ({ data }) => {
        state = merged(state, JSON.parse(String(data)) as News);
        onState(state);
        onStanding('live');
      });
      made.addEventListener('error', () => {
        onStanding('lost');
        if (made.readyState !== EventSource.CLOSED) return;
        timer = window.setTimeout(() => {
          source = connect();
        }, AGAIN_MS);
      });
      return made;
    };
    let source = connect();
    return () => {
      window.clearTimeout(timer);
      source.close();
    };
  };
