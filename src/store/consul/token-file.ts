/** A file that holds Consul's ACL token and nothing else. */
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { messageOf, UserError } from '../../errors.js';

/** Tokens have 36 characters; a file that is longer is another one. */
const MAX_BYTES = 4096;
/** What may stand in an HTTP header, without blanks. */
const TOKEN = /^[\x21-\x7e]+$/;

/** Why a text is no token, without the text; undefined when it may be one. */
export const tokenTrouble = (text: string): string | undefined =>
  text === '' ? 'is empty' : TOKEN.test(text) ? undefined : 'has blanks or other characters that no token has';

/**
 * The token, without the line's end. Throws a UserError that names the file and never what is in it: also when others
 * than its owner may read it, for then it is no secret any more.
 */
export function readTokenFile(path: string): string {
  const bad = (why: string) => new UserError(`CLUSTER_STORE_OPTS names kv.tokenfile=${path}, which ${why}`);
  let fd: number;
  try {
    // A pipe would be waited for.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (e) {
    throw bad(`cannot be read: ${messageOf(e)} (the managed plugin sees no folder but /var/lib/tsoverlay)`);
  }
  try {
    const { mode, size, uid } = fstatSync(fd);
    if ((mode & constants.S_IFMT) !== constants.S_IFREG) throw bad('is no file');
    if (uid !== 0 && uid !== process.getuid?.()) throw bad(`belongs to user ${uid}; chown it to root`);
    if ((mode & 0o077) !== 0) throw bad(`others can read (mode ${(mode & 0o777).toString(8)}); chmod 600 it`);
    if (size > MAX_BYTES) throw bad(`has ${size} bytes; put the token alone into it`);
    const token = readFileSync(fd, 'utf8').trimEnd();
    const trouble = tokenTrouble(token);
    if (trouble !== undefined) throw bad(`${trouble}; put the token alone into it`);
    return token;
  } finally {
    closeSync(fd);
  }
}
