/** This host's own keys as DATA_DIR has them, in memory. */
import type { OwnKey } from '../../src/model/crypt/plan.js';
import type { PublicKey } from '../../src/model/values/types.js';
import type { Keys } from '../../src/reconcile/mesh/key-rotation.js';
import { keyOf, own } from '../unit/model/crypt/mesh.js';

export class FakeKeys implements Keys {
  held: readonly OwnKey[] = [own(1)];
  made = Date.now();
  private next = 100;

  get own(): readonly OwnKey[] {
    if (this.held.length === 0) this.add();
    return this.held;
  }

  add(): void {
    this.held = [...this.held, { key: keyOf(++this.next), port: this.held[0]?.port === 51_820 ? 51_821 : 51_820 }];
    this.made = Date.now();
  }

  drop(key: PublicKey): void {
    this.held = this.held.filter((k) => k.key !== key);
  }

  renew(): void {
    this.held = [{ key: keyOf(++this.next), port: 51_820 }];
    this.made = Date.now();
  }
}
