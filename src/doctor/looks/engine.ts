/** What the local engine says of itself. */
import * as z from 'zod';
import { GWBRIDGE } from '../../model/values/names.js';

const PATIENCE_MS = 3_000;

const info = z.object({
  Name: z.string().catch(''),
  Swarm: z.object({ ControlAvailable: z.boolean().catch(false) }).catch({ ControlAvailable: false }),
});
const plugins = z.array(z.object({ Name: z.string(), Enabled: z.boolean() })).catch([]);
const gwbridge = z.object({ Options: z.record(z.string(), z.string()).nullish() });

export interface EngineLook {
  readonly isSwarmManager: boolean;
  /** Managed plugins, by name. */
  readonly plugins: readonly { readonly name: string; readonly isEnabled: boolean }[];
  /** Whether docker_gwbridge makes containers' packets look like the host's; undefined where there is none yet. */
  readonly masquerades: boolean | undefined;
}

/** Rejects with what the engine does not do. */
export async function lookAtEngine(socketPath: string): Promise<EngineLook> {
  // A third of the memory and of the time that a command takes to begin, and no other one speaks to the engine.
  const { default: Docker } = await import('dockerode');
  const docker = new Docker({ socketPath, timeout: PATIENCE_MS });
  const [about, listed, bridge] = await Promise.all([
    docker.info(),
    docker.listPlugins(),
    docker
      .getNetwork(GWBRIDGE)
      .inspect()
      .catch(() => undefined),
  ]);
  const { Swarm } = info.parse(about);
  const options = bridge === undefined ? undefined : (gwbridge.parse(bridge).Options ?? {});
  return {
    isSwarmManager: Swarm.ControlAvailable,
    plugins: plugins.parse(listed).map(({ Name, Enabled }) => ({ name: Name, isEnabled: Enabled })),
    // Without the option the engine does.
    masquerades: options && options['com.docker.network.bridge.enable_ip_masquerade'] !== 'false',
  };
}
