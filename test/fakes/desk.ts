/** A desk at which nobody serves, over a store in memory. */
import { Desk } from '../../src/cli/frame/desk.js';
import { VersionedStore } from '../../src/store/versioned.js';
import type { FakeStore } from './store.js';

export class FakeDesk extends Desk {
  constructor(
    private readonly store: FakeStore,
    folder: string,
  ) {
    const env = { CLUSTER_STORE: '', CLUSTER_ADVERTISE: '127.0.0.1', DATA_DIR: folder };
    super({ ...env, PLUGIN_SOCKETS: `${folder}/tsoverlay.sock` }, () => {});
  }

  override openStore(): Promise<VersionedStore> {
    return Promise.resolve(new VersionedStore(this.store, 'the fake', 'make another'));
  }
}
