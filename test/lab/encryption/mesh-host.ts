/** A host of the mesh: a namespace on a LAN with the kernel's side of encryption, its keys in a folder of its own. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { Protocol } from 'netlink/dist/constants.js';
import { LinuxCrypt } from '../../../src/kernel/crypt/crypt-kernel.js';
import { CryptSpaces } from '../../../src/kernel/crypt/crypt-space.js';
import { Wireguard } from '../../../src/kernel/crypt/wireguard.js';
import { Rtnetlink } from '../../../src/kernel/netlink/rtnetlink.js';
import { createNamespace, removeNamespace, withNamespace } from '../../../src/kernel/system/netns.js';
import { cryptDiff } from '../../../src/model/crypt/diff.js';
import { type CryptSelf, cryptPlan, provenBy } from '../../../src/model/crypt/plan.js';
import type { CryptPlan, CryptStep } from '../../../src/model/crypt/steps.js';
import { CRYPT_NAMESPACE } from '../../../src/model/values/names.js';
import type { Node, NodeAddress, NodeId } from '../../../src/model/values/types.js';
import { CryptKeys } from '../../../src/store/data-dir/crypt-keys.js';
import { run } from '../../kernel/bench.js';

const PORT = 51_820;

export class MeshHost {
  readonly dir = mkdtempSync(`${tmpdir()}/tsoverlay-mesh-`);
  readonly path = `${this.dir}/host`;
  readonly netnsDir = `${this.dir}/netns`;
  readonly crypt = `${this.netnsDir}/${CRYPT_NAMESPACE}`;
  readonly id: NodeId;
  readonly keys: CryptKeys;
  kernel: LinuxCrypt;
  keepalive = 0;
  private before: CryptPlan | undefined;
  private parts: { close(): void }[] = [];

  constructor(
    n: number,
    readonly address: NodeAddress,
  ) {
    this.id = String(n).repeat(16) as NodeId;
    createNamespace(this.path);
    mkdirSync(this.netnsDir);
    run(this.path, 'ip', 'link', 'set', 'lo', 'up');
    this.keys = CryptKeys.open(this.dir, PORT, () => {});
    this.kernel = this.start();
  }

  /** A process that knows nothing of the one before. */
  restart(): void {
    this.before = undefined;
    this.kernel = this.start();
  }

  private start(): LinuxCrypt {
    this.stop();
    return withNamespace(this.path, () => {
      const [host, generic, spaces] = [
        new Rtnetlink(),
        new Rtnetlink(Protocol.GENERIC),
        new CryptSpaces(this.netnsDir),
      ];
      this.parts = [host, generic, spaces];
      const privateKey = this.keys.privateKey.bind(this.keys);
      return new LinuxCrypt({ spaces, host, onHost: new Wireguard(generic), privateKey });
    });
  }

  private stop(): void {
    for (const part of this.parts) part.close();
  }

  get node(): Node {
    const keys = this.keys.own.map(({ key, port }) => ({ key, port }));
    return {
      ...{ id: this.id, address: this.address, hostname: `docker${this.id[0]}`, mtu: 1500, routes: [], machine: {} },
      ...{ boot: '0'.repeat(32), reads: 3, alive: true, index: 1, crypt: { keys } },
    };
  }

  get self(): CryptSelf {
    return { id: this.id, address: this.address, mtu: 1500, keys: this.keys.own, keepalive: this.keepalive };
  }

  /** Observe, plan, diff, apply, as the pass does. */
  async converge(nodes: readonly Node[]): Promise<readonly CryptStep[]> {
    const found = await this.kernel.observe();
    const wanted = cryptPlan(nodes, this.self, provenBy(found));
    const { before } = this;
    const steps = cryptDiff(wanted, found, { now: Date.now(), ...(before === undefined ? {} : { before }) });
    for (const step of steps) await this.kernel.apply(step);
    this.before = wanted;
    return steps;
  }

  close(): void {
    this.stop();
    removeNamespace(this.crypt);
    removeNamespace(this.path);
    rmSync(this.dir, { recursive: true });
  }
}
