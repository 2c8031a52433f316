/** What the engine calls this host's running containers: for a shell that completes a word. */

/** Somebody has pressed TAB and waits, ms. */
const PATIENCE_MS = 1_000;

/** As engines name containers; a shell expands the words that it is given to choose from. */
const NAME = /^\/[a-zA-Z0-9][\w.-]*$/;

/** Rejects with what the engine does not do in time. */
export async function containerNames(socketPath: string): Promise<readonly string[]> {
  // As in doctor: no other command speaks to the engine.
  const { default: Docker } = await import('dockerode');
  const list = await new Docker({ socketPath, timeout: PATIENCE_MS }).listContainers();
  return list.flatMap(({ Names }) => Names.find((name) => NAME.test(name))?.slice(1) ?? []);
}
