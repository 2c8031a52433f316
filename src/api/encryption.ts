/** Networks whose traffic between hosts is encrypted: which are to be, and whether this host can. */
import { UserError } from '../errors.js';
import { isEncrypted } from '../model/plan/underlay.js';
import { OPTION_ENCRYPTED } from '../model/values/names.js';
import type { EncryptionMode } from '../model/values/settings.js';
import type { Network } from '../model/values/types.js';

type Options = Readonly<Record<string, string>>;

const LACKS = "this host's kernel has no WireGuard (module wireguard, Linux 5.6 or newer)";

export class Encryption {
  constructor(
    /** For networks created here, and for what containers here may use. */
    private readonly mode: EncryptionMode,
    /** Whether the kernel has WireGuard. */
    private readonly isPossible: () => Promise<boolean>,
  ) {}

  /**
   * What the record of a network says that is created here: all hosts go by that, whatever their own setting. Throws a
   * UserError for a plain one where none may be.
   */
  resolve(options: Options): Options {
    if (this.mode === 'off' || isEncrypted(options)) return options;
    const said = options[OPTION_ENCRYPTED];
    if (said === undefined) return { [OPTION_ENCRYPTED]: 'true', ...options };
    if (this.mode === 'on') return options;
    throw new UserError(
      `option ${OPTION_ENCRYPTED} is "${said}", but ENCRYPTION=required on this host allows no network in clear; leave the option out`,
    );
  }

  /** Rejects with a UserError where a network is to be encrypted and cannot be. `options`: of its record. */
  async checkCreation(options: Options): Promise<void> {
    if (!isEncrypted(options) || (await this.isPossible())) return;
    const way = this.mode === 'required' ? '' : `, or create the network with -o ${OPTION_ENCRYPTED}=false`;
    throw new UserError(`the network is to be encrypted, but ${LACKS}; load it${way}`);
  }

  /** Rejects with a UserError where a container would not be heard, or heard by everybody. */
  async checkAttachment({ id, announced, options }: Pick<Network, 'announced' | 'id' | 'options'>): Promise<void> {
    const name = announced?.name ?? id.slice(0, 12);
    if (!isEncrypted(options)) {
      if (this.mode !== 'required') return;
      throw new UserError(
        `network ${name} is not encrypted, but ENCRYPTION=required on this host; use one that is, or another host`,
      );
    }
    if (await this.isPossible()) return;
    throw new UserError(`network ${name} is encrypted, but ${LACKS}; load it, or run the container on another host`);
  }
}
