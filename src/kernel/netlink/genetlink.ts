/** Generic netlink (linux/genetlink.h): families of messages, whose numbers the kernel gives out as they register. */
import { getU16, putString } from 'netlink/dist/structs.js';
import { isKernelError } from '../../errors.js';
import { type Attribute, message, readAttributes } from './attributes.js';
import type { Rtnetlink } from './rtnetlink.js';

/** The family that knows the others, its command, and the attributes of that. */
const CONTROLLER = 16;
const GET_FAMILY = 3;
const CTRL_ATTR = { FAMILY_ID: 1, FAMILY_NAME: 2 } as const;

/** struct genlmsghdr: command, version, two reserved bytes. */
const HEADER_BYTES = 4;
const VERSION = 1;

/** A genlmsghdr with attributes behind it. */
export const genericMessage = (command: number, attributes: readonly Attribute[]): Buffer =>
  message(Buffer.from([command, VERSION, 0, 0]), attributes);

export const readGeneric = (payload: Buffer): ReadonlyMap<number, Buffer> =>
  readAttributes(payload.subarray(HEADER_BYTES));

/**
 * The number of a family; undefined in a kernel that lacks it. The kernel loads the module that would bring it, if there
 * is one.
 */
export async function findFamily(socket: Rtnetlink, name: string): Promise<number | undefined> {
  const payload = genericMessage(GET_FAMILY, [[CTRL_ATTR.FAMILY_NAME, putString(name)]]);
  try {
    return await socket.get(`genl ctrl get name ${name}`, CONTROLLER, payload, (found) => {
      const id = readGeneric(found).get(CTRL_ATTR.FAMILY_ID);
      return id === undefined ? undefined : getU16(id);
    });
  } catch (e) {
    if (isKernelError(e, 'ENOENT')) return undefined;
    throw e;
  }
}
