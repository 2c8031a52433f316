/** DATA_DIR: made when missing, and closed to others where nobody else can be meant by it. */
import { accessSync, chmodSync, constants, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { isDiskTrouble, messageOf, UserError } from '../errors.js';

/** What we keep there, and what operators put there for us: certificates and a token. */
const OURS = /^(host|cluster|store|agent|keys)\.json|\.(pem|crt|key)$|^token/;

/**
 * The folder, mode 0700. One with other people's files keeps its mode, for it may be /var/lib by mistake; ours in it are
 * 0600. A disk that is full or was mounted read-only is no wrong setting: a host that boots with one is to serve.
 * Throws a UserError when it cannot be written, or can be by everybody, who could then put other files in our place.
 */
export function privateFolder(path: string): string {
  try {
    makeFolder(path);
    accessSync(path, constants.W_OK | constants.X_OK);
    const { mode, uid } = statSync(path);
    if ((mode & 0o077) !== 0 && uid === process.getuid?.() && readdirSync(path).every((name) => OURS.test(name)))
      chmodSync(path, 0o700);
    else if ((mode & 0o002) !== 0)
      throw new UserError(
        `DATA_DIR is "${path}", which everybody can write to; name a folder that is tsoverlay's alone`,
      );
  } catch (e) {
    if (e instanceof UserError) throw e;
    if (!isDiskTrouble(e)) throw new UserError(`DATA_DIR is "${path}", which cannot be written: ${messageOf(e)}`);
  }
  return path;
}

/** Not mkdirSync's `recursive`: on Node 20 that never returns below /proc. */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  mkdirSync(path, { mode: 0o700 });
}
