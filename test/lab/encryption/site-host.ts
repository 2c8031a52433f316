/** A host of a LAN in namespaces, and what a process of ours would have there. */
import { mkdirSync } from 'node:fs';
import { NOBODY as UNHEARD } from '../../../src/health/row.js';
import { LinuxKernel } from '../../../src/kernel/host.js';
import { createNamespace, withNamespace } from '../../../src/kernel/system/netns.js';
import type { CryptSelf } from '../../../src/model/crypt/plan.js';
import { DEFAULT_MESH_PORT } from '../../../src/model/values/names.js';
import type { Node, NodeAddress } from '../../../src/model/values/types.js';
import { KeyRotation } from '../../../src/reconcile/mesh/key-rotation.js';
import { CryptKeys } from '../../../src/store/data-dir/crypt-keys.js';
import { run } from '../../kernel/bench.js';
import { livingNode } from '../../unit/nodes.js';
import { MeshKernel } from './mesh-kernel.js';
import type { Which } from './wire.js';

/** What a process of ours is made of, as far as encryption goes. */
interface Process {
  readonly keys: CryptKeys;
  readonly rotation: KeyRotation;
  readonly kernel: LinuxKernel;
  readonly mesh: MeshKernel;
}

export class SiteHost {
  readonly path: string;
  readonly netnsDir: string;
  private process: Process;

  constructor(
    readonly n: number,
    readonly address: NodeAddress,
    private readonly dir: string,
  ) {
    this.path = `${dir}/docker0${n}`;
    this.netnsDir = `${dir}/netns${n}`;
    createNamespace(this.path);
    for (const folder of [this.netnsDir, `${dir}/data${n}`]) mkdirSync(folder);
    run(this.path, 'ip', 'link', 'set', 'lo', 'up');
    this.process = this.start();
  }

  get keys(): CryptKeys {
    return this.process.keys;
  }

  get kernel(): LinuxKernel {
    return this.process.kernel;
  }

  get rotation(): KeyRotation {
    return this.process.rotation;
  }

  get mesh(): MeshKernel {
    return this.process.mesh;
  }

  /** A process that knows nothing of the one before. */
  restart(): void {
    this.close();
    this.process = this.start();
  }

  private start(): Process {
    const { address, netnsDir } = this;
    const keys = CryptKeys.open(`${this.dir}/data${this.n}`, DEFAULT_MESH_PORT, UNHEARD);
    const rotation = new KeyRotation({ keys, everyMs: 0, log: { info: () => {} } });
    const kernel = withNamespace(this.path, () => new LinuxKernel({ advertise: address, netnsDir }));
    const mesh = withNamespace(this.path, () => new MeshKernel(kernel.mesh, keys.privateKey.bind(keys)));
    return { keys, rotation, kernel, mesh };
  }

  /** What it has made stays. */
  close(): void {
    this.mesh.close();
    this.kernel.close();
  }

  get node(): Node {
    // The first question makes the key.
    const told = this.keys.own.length === 0 ? [] : this.rotation.published;
    return livingNode(this.address, { crypt: { keys: told.map(({ key, port }) => ({ key, port })) } });
  }

  get self(): CryptSelf {
    return { id: this.node.id, address: this.address, mtu: 1500, keys: this.keys.own, keepalive: 0 };
  }

  container(which: Which): string {
    return `${this.path}-${which}`;
  }
}
