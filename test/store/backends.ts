/** The stores that the conformance suite runs against. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Store } from '../../src/model/ports/ports.js';
import { ConsulStore } from '../../src/store/consul/consul.js';
import { FileStore } from '../../src/store/file/file.js';
import { ConsulAgent } from './consul-agent.js';

export interface Backend {
  start(): Promise<void>;
  /** An empty store. */
  open(): Promise<Store>;
  stop(): Promise<void>;
}

export function consul(): Backend {
  let agent: ConsulAgent;
  let opened = 0;
  return {
    async start() {
      agent = await ConsulAgent.make();
      agent.start();
      await agent.leads();
    },
    async open() {
      opened += 1;
      return new ConsulStore({ servers: [{ host: '127.0.0.1', port: agent.port }], prefix: `tsoverlay-${opened}/` });
    },
    stop: () => agent.remove(),
  };
}

export function file(): Backend {
  let folder: string;
  let opened = 0;
  return {
    async start() {
      folder = await mkdtemp(join(tmpdir(), 'tsoverlay-file-'));
    },
    async open() {
      opened += 1;
      return FileStore.open(join(folder, `${opened}`, 'store.json'));
    },
    stop: () => rm(folder, { recursive: true }),
  };
}
