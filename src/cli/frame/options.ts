/** What options of commands say. */
import { UserError } from '../../errors.js';

/** Seconds from 0 to `most`; undefined where the option was not given. Throws a UserError for anything else. */
export function secondsIn(flag: string, value: unknown, most: number): number | undefined {
  if (value === undefined) return undefined;
  const seconds = Number(value);
  if (String(value).trim() === '' || !(seconds >= 0 && seconds <= most))
    throw new UserError(`${flag} is "${value}"; it must be a number of seconds from 0 to ${most}`);
  return seconds;
}
