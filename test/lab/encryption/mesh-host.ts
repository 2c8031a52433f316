/** A host of the mesh: a namespace on a LAN with the kernel's side of encryption, its keys in a folder of its own. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { NOBODY } from '../../../src/health/row.js';
import { CryptSpaces } from '../../../src/kernel/crypt/crypt-space.js';
import { createNamespace, removeNamespace, withNamespace } from '../../../src/kernel/system/netns.js';
import type { CryptSelf } from '../../../src/model/crypt/plan.js';
import type { CryptStep, ObservedCrypt } from '../../../src/model/crypt/steps.js';
import { CRYPT_NAMESPACE, DEFAULT_MESH_PORT } from '../../../src/model/values/names.js';
import type { EncryptionSettings } from '../../../src/model/values/settings.js';
import type { Node, NodeAddress } from '../../../src/model/values/types.js';
import { CryptKeys } from '../../../src/store/data-dir/crypt-keys.js';
import { run } from '../../kernel/bench.js';
import { livingNode } from '../../unit/nodes.js';
import { MeshKernel } from './mesh-kernel.js';

export class MeshHost {
  private readonly dir = mkdtempSync(`${tmpdir()}/tsoverlay-mesh-`);
  readonly path = `${this.dir}/host`;
  private readonly netnsDir = `${this.dir}/netns`;
  readonly crypt = `${this.netnsDir}/${CRYPT_NAMESPACE}`;
  readonly keys: CryptKeys;
  private spaces: CryptSpaces;
  private kernel: MeshKernel;

  constructor(
    readonly address: NodeAddress,
    private readonly settings: Pick<EncryptionSettings, 'endpoint' | 'keepalive'> = { keepalive: 0 },
  ) {
    createNamespace(this.path);
    mkdirSync(this.netnsDir);
    run(this.path, 'ip', 'link', 'set', 'lo', 'up');
    this.keys = CryptKeys.open(this.dir, DEFAULT_MESH_PORT, NOBODY);
    [this.spaces, this.kernel] = this.start();
  }

  /** A process that knows nothing of the one before. */
  restart(): void {
    this.stop();
    [this.spaces, this.kernel] = this.start();
  }

  get node(): Node {
    const { endpoint } = this.settings;
    const shift = (endpoint?.port ?? DEFAULT_MESH_PORT) - DEFAULT_MESH_PORT;
    const keys = this.keys.own.map(({ key, port }) => ({ key, port: port + shift }));
    return livingNode(this.address, {
      crypt: { ...(endpoint === undefined ? {} : { endpoint: endpoint.address }), keys },
    });
  }

  get self(): CryptSelf {
    return {
      id: this.node.id,
      address: this.address,
      mtu: 1500,
      keys: this.keys.own,
      keepalive: this.settings.keepalive,
    };
  }

  converge(nodes: readonly Node[]): Promise<readonly CryptStep[]> {
    return this.kernel.converge(nodes, this.self);
  }

  async observe(): Promise<ObservedCrypt | undefined> {
    return (await this.kernel.observe()).mesh;
  }

  close(): void {
    this.stop();
    removeNamespace(this.crypt);
    removeNamespace(this.path);
    rmSync(this.dir, { recursive: true });
  }

  private start(): [CryptSpaces, MeshKernel] {
    const spaces = new CryptSpaces(this.netnsDir);
    const privateKey = this.keys.privateKey.bind(this.keys);
    return [spaces, withNamespace(this.path, () => new MeshKernel(spaces, privateKey))];
  }

  private stop(): void {
    this.kernel.close();
    this.spaces.close();
  }
}
