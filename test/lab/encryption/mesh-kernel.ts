/** The mesh of one host in the kernel, looked at and changed as the host's parts are. */
import { Protocol } from 'netlink/dist/constants.js';
import { type CryptPlace, cryptExecutors } from '../../../src/kernel/crypt/crypt-executors.js';
import { observeCrypt } from '../../../src/kernel/crypt/crypt-observation.js';
import type { CryptSpaces } from '../../../src/kernel/crypt/crypt-space.js';
import { Wireguard } from '../../../src/kernel/crypt/wireguard.js';
import { Rtnetlink } from '../../../src/kernel/netlink/rtnetlink.js';
import { cryptSteps } from '../../../src/model/crypt/diff.js';
import { type CryptSelf, cryptPlan, provenBy } from '../../../src/model/crypt/plan.js';
import type { CryptPeer, CryptStep, CryptStepKind, ObservedMesh } from '../../../src/model/crypt/steps.js';
import type { Node } from '../../../src/model/values/types.js';

/** In the network namespace that the calling thread is in. */
export class MeshKernel {
  private readonly host = new Rtnetlink();
  private readonly generic = new Rtnetlink(Protocol.GENERIC);
  private readonly place: CryptPlace;
  private told: readonly CryptPeer[] = [];

  constructor(spaces: CryptSpaces, privateKey: CryptPlace['privateKey']) {
    this.place = { spaces, host: this.host, onHost: new Wireguard(this.generic), privateKey };
  }

  observe(): Promise<ObservedMesh> {
    return observeCrypt(this.place);
  }

  /** Observe, plan, diff, apply. Gives what was done. */
  async converge(nodes: readonly Node[], self: CryptSelf): Promise<readonly CryptStep[]> {
    const found = await this.observe();
    const wanted = cryptPlan(nodes, self, provenBy(found.mesh), {
      ...{ now: Date.now(), prunes: true, told: this.told },
      ...(found.mesh === undefined ? {} : { found: found.mesh }),
    });
    const steps = cryptSteps(wanted, found);
    for (const step of steps) await this.apply(step);
    this.told = wanted.peers;
    return steps;
  }

  private async apply<K extends CryptStepKind>(step: CryptStep<K>): Promise<void> {
    await cryptExecutors[step.kind]({ crypt: this.place }, step);
  }

  close(): void {
    this.host.close();
    this.generic.close();
  }
}
