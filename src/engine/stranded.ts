/** Containers that the engine could not start, and that it will not try again. */

/** What decides, of an inspect. */
export interface Inspected {
  readonly State: { readonly Running: boolean; readonly StartedAt: string; readonly Error: string };
  readonly HostConfig: { readonly RestartPolicy?: { readonly Name?: string } | undefined };
}

/** Begins all that we say to the engine, and it keeps nothing of a failure but the text. */
const OUR_WORDS = 'tsoverlay: ';

/**
 * True for a container with a restart policy that ran before and then failed to start because of us. The policy acts
 * when a container ends, not when it fails to start: after a boot without the store it would stay down for ever. One
 * that never ran is whoever typed `docker run`'s to try again.
 */
export function isStranded({ State, HostConfig }: Inspected): boolean {
  const policy = HostConfig.RestartPolicy?.Name ?? '';
  const ranBefore = !State.StartedAt.startsWith('0001-');
  return !State.Running && ranBefore && policy !== '' && policy !== 'no' && State.Error.includes(OUR_WORDS);
}
