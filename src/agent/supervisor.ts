/** One agent after the other for as long as the process runs: each is made for the host that it takes itself for. */
import type { Config } from '../config/config.js';
import type { Log } from '../health/events.js';
import { lockHost } from '../kernel/system/lock.js';
import { Agent } from './agent.js';

export class Supervisor {
  private isStopping = false;

  private constructor(
    private readonly config: Config,
    private readonly log: Log,
    private readonly onFatal: (error: unknown) => void,
  ) {}

  private agent: Agent | undefined;

  /** Resolves once the sockets are served. Rejects with a UserError when a setting or the host forbids it. */
  static async start(config: Config, log: Log, onFatal: (error: unknown) => void): Promise<Supervisor> {
    const [socket] = config.sockets;
    const isFirst = lockHost(socket.replace(/(\.sock)?$/, '.lock'));
    const supervisor = new Supervisor(config, log, onFatal);
    await supervisor.begin(isFirst);
    return supervisor;
  }

  async stop(): Promise<void> {
    this.isStopping = true;
    await this.agent?.stop();
  }

  private async begin(isFirst: boolean): Promise<void> {
    const onOtherSelf = () => void this.replace(isFirst).catch(this.onFatal);
    this.agent = await Agent.start(this.config, this.log, isFirst, { onOtherSelf });
  }

  private async replace(isFirst: boolean): Promise<void> {
    this.log.warn({ event: 'other-self' }, 'the store knows this host by another id; starting anew with that');
    await this.agent?.stop();
    if (!this.isStopping) await this.begin(isFirst);
  }
}
