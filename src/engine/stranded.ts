/** Containers that the engine could not start for want of us, and that it will not try again. */

/** What decides, of an inspect. */
export interface Inspected {
  readonly State: { readonly Running: boolean; readonly StartedAt: string; readonly Error: string };
  readonly HostConfig: { readonly RestartPolicy?: { readonly Name?: string } | undefined };
}

/** A network of ours as the engine has it. */
interface NetworkOfOurs {
  readonly id: string;
  readonly name: string;
}

/** Of a list of containers. */
interface Listed {
  readonly HostConfig?: { readonly NetworkMode?: string };
  readonly NetworkSettings?: { readonly Networks?: Readonly<Record<string, { readonly NetworkID?: string }>> } | null;
}

/**
 * The engine keeps nothing of a failure but the text: our own words begin all that we say, the others are the engine's
 * of 20.10 to 29 for a plugin that it does not find, that is disabled, whose socket is dead or that does not answer.
 */
const FOR_WANT_OF_US: readonly RegExp[] = [
  /tsoverlay: /,
  /\b(?:NetworkDriver|IpamDriver)\.\w+/,
  /\bplugin (?:"?[^\s"]*"? )?(?:is )?(?:not found|found but disabled|disabled)/i,
  /\blegacy plugin\b|\blooking up \w*\s?plugin\b|\bin v2 registry\b/i,
  /\binvalid ipam driver\b|\b(?:driver|plugin) "?[^\s"]*tsoverlay[^\s"]*"? (?:is )?not (?:found|registered)/i,
  /\/plugins\/\S*\.sock\b.*(?:refused|no such file|timeout|timed out|reset|EOF|broken pipe)/i,
  /\bcontext deadline exceeded\b|\bClient\.Timeout exceeded\b/,
];

/**
 * True for a container with a restart policy that ran before and then failed to start for want of us. The policy acts
 * when a container ends, not when it fails to start: after a boot without the store, or before us, it would stay down for
 * ever. One that a person stopped has no error; one that never ran is whoever typed `docker run`'s to try again.
 */
export function isStranded({ State, HostConfig }: Inspected): boolean {
  const policy = HostConfig.RestartPolicy?.Name ?? '';
  const ranBefore = !State.StartedAt.startsWith('0001-');
  const isForUs = FOR_WANT_OF_US.some((words) => words.test(State.Error));
  return !State.Running && ranBefore && policy !== '' && policy !== 'no' && isForUs;
}

/**
 * Whether a container belongs to one of these networks, also one of whose networks the engine knows nothing any more:
 * Docker 29 forgets them when a Join fails, but not which one the container was made with.
 */
export function isOnOneOf(networks: readonly NetworkOfOurs[], { HostConfig, NetworkSettings }: Listed): boolean {
  const mode = HostConfig?.NetworkMode ?? '';
  const ids = new Set(Object.values(NetworkSettings?.Networks ?? {}).map((n) => n.NetworkID));
  return networks.some(({ id, name }) => ids.has(id) || mode === id || mode === name);
}
