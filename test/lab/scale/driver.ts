/** The libnetwork protocol, spoken to a host's plugin in the engine's place. */
import { ask } from '../unix-http.js';

/** An engine waits for 30 s and more; ours all answer before. */
const LIMIT_MS = 30_000;

export class Driver {
  constructor(
    /** The plugin's socket as the machine sees it; asked for each call, for hosts are switched off and on. */
    private readonly socket: () => string,
  ) {}

  /** The answer; rejects with what the plugin said when it refused. */
  async call<T>(method: string, request: object): Promise<T> {
    const { status, body } = await ask(this.socket(), `/${method}`, 'POST', JSON.stringify(request), LIMIT_MS);
    if (status !== 200) throw new Error(`${method}: ${status === 0 ? 'no answer' : body}`);
    return JSON.parse(body) as T;
  }
}
