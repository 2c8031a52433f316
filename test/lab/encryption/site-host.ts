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

export class SiteHost {
  readonly path: string;
  readonly netnsDir: string;
  readonly keys: CryptKeys;
  readonly kernel: LinuxKernel;
  readonly rotation: KeyRotation;
  readonly mesh: MeshKernel;

  constructor(
    readonly n: number,
    readonly address: NodeAddress,
    dir: string,
  ) {
    this.path = `${dir}/docker0${n}`;
    this.netnsDir = `${dir}/netns${n}`;
    createNamespace(this.path);
    for (const folder of [this.netnsDir, `${dir}/data${n}`]) mkdirSync(folder);
    run(this.path, 'ip', 'link', 'set', 'lo', 'up');
    const keys = CryptKeys.open(`${dir}/data${n}`, DEFAULT_MESH_PORT, UNHEARD);
    this.keys = keys;
    this.rotation = new KeyRotation({ keys, everyMs: 0, log: { info: () => {} } });
    const { netnsDir } = this;
    this.kernel = withNamespace(this.path, () => new LinuxKernel({ advertise: address, netnsDir }));
    const { mesh } = this.kernel;
    this.mesh = withNamespace(this.path, () => new MeshKernel(mesh, keys.privateKey.bind(keys)));
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
