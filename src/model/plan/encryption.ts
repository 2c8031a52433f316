/** Which networks are encrypted. Pure. */
import { OPTION_ENCRYPTED } from '../values/names.js';

/** As Go spells it (strconv.ParseBool), for the engines' own overlay takes the same option. */
const FALSE = /^(?:0|f|F|FALSE|false|False)$/;

/** Whatever else a record says there: in doubt nothing leaves in clear. */
export const isEncrypted = (options: Readonly<Record<string, string>>): boolean => {
  const value = options[OPTION_ENCRYPTED];
  return value !== undefined && !FALSE.test(value);
};
