/** How settings are read that several parts have in common. Throw a UserError that names the setting. */
import { UserError } from '../errors.js';

export type Env = Readonly<Record<string, string | undefined>>;

/** Takes what `read` throws for one more problem of the settings, and goes on with `otherwise`. */
export type Attempt = <T>(read: () => T, otherwise: T) => T;

export function oneOf<T extends string>(setting: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((a) => a === value);
  if (found === undefined) throw new UserError(`${setting} is "${value}"; it must be one of ${allowed.join(', ')}`);
  return found;
}

/** `what`: what the number is, for the sentence. At most five digits. */
export function readNumber(
  setting: string,
  text: string,
  what: string,
  { min, max }: { readonly min: number; readonly max: number },
): number {
  const value = Number(text);
  if (!/^\d{1,5}$/.test(text) || value < min || value > max)
    throw new UserError(`${setting} is "${text}"; it must be ${what} from ${min} to ${max}`);
  return value;
}
