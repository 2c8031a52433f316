/** Networks that hold containers to their addresses: which are to, and whether this host can. */
import { UserError } from '../errors.js';
import { isAntispoof } from '../model/plan/antispoof.js';
import { OPTION_ANTISPOOF } from '../model/values/names.js';

type Options = Readonly<Record<string, string>>;

export class Antispoof {
  constructor(
    /** For networks created here without the option. */
    private readonly byDefault: boolean,
    /** Whether the kernel can. */
    private readonly isPossible: () => Promise<boolean>,
  ) {}

  /** What the record of a network says that is created here: all hosts go by that, whatever their own default. */
  resolve(options: Options): Options {
    return this.byDefault ? { [OPTION_ANTISPOOF]: 'on', ...options } : options;
  }

  /** Rejects with a UserError where containers would not be held, but are to be. */
  async check(options: Options): Promise<void> {
    if (isAntispoof(options) && !(await this.isPossible()))
      throw new UserError(
        `${OPTION_ANTISPOOF} is on, but this host's kernel cannot filter at its bridge ports (CONFIG_NF_TABLES_NETDEV); run the container on another host, or create the network with -o ${OPTION_ANTISPOOF}=off`,
      );
  }
}
