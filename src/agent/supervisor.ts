/** One agent after the other for as long as the process runs: each is made for the host that it takes itself for. */
import type { Server } from 'node:http';
import { makeAdminApp } from '../admin/serving/app.js';
import { keepPresence } from '../admin/serving/presence.js';
import { serve } from '../api/server.js';
import type { Config } from '../config/config.js';
import type { Log } from '../health/events.js';
import { lockHost } from '../kernel/system/lock.js';
import { Agent } from './agent.js';

export class Supervisor {
  private isStopping = false;
  private agent: Agent | undefined;
  private desk: Desk | undefined;

  private constructor(
    private readonly config: Config,
    private readonly log: Log,
    private readonly onFatal: (error: unknown) => void,
  ) {}

  /** Resolves once the sockets are served. Rejects with a UserError when a setting or the host forbids it. */
  static async start(config: Config, log: Log, onFatal: (error: unknown) => void): Promise<Supervisor> {
    const [socket] = config.sockets;
    const isFirst = lockHost(socket.replace(/(\.sock)?$/, '.lock'));
    const supervisor = new Supervisor(config, log, onFatal);
    await supervisor.openDesk();
    await supervisor.begin(isFirst);
    return supervisor;
  }

  async stop(): Promise<void> {
    this.isStopping = true;
    await this.agent?.stop();
    this.desk?.leave();
    this.desk?.server.close();
    this.desk?.server.closeAllConnections();
  }

  /** Serves the operator's commands. Containers do without them: what hinders that is told and hinders nothing else. */
  private async openDesk(): Promise<void> {
    const { adminSocket, dataDir, typed } = this.config;
    try {
      const server = await serve(
        makeAdminApp(() => this.agent?.admin, this.log),
        adminSocket,
      );
      this.desk = { server, leave: keepPresence(adminSocket, dataDir, typed) };
    } catch (e) {
      this.log.error({ event: 'admin-unserved', socket: adminSocket, err: e }, 'the admin socket is not served');
    }
  }

  private async begin(isFirst: boolean): Promise<void> {
    const onOtherSelf = () => void this.replace(isFirst).catch(this.onFatal);
    this.agent = await Agent.start(this.config, this.log, isFirst, { onOtherSelf });
  }

  private async replace(isFirst: boolean): Promise<void> {
    this.log.warn({ event: 'other-self' }, 'the store knows this host by another id; starting anew with that');
    const former = this.agent;
    this.agent = undefined;
    await former?.stop();
    if (!this.isStopping) await this.begin(isFirst);
  }
}

/** Where operators are answered. */
interface Desk {
  readonly server: Server;
  /** Says that this one was alive until now. */
  leave(): void;
}
