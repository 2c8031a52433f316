import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Desk } from '../../../src/cli/frame/desk.js';
import { COMMANDS } from '../../../src/cli/program/all.js';
import { containerNames } from '../../../src/cli/reading/container-names.js';

describe('completion', () => {
  const commands = new Map(COMMANDS.map((c) => [c.usage, c]));
  const scriptFor = async (shell: string): Promise<readonly string[]> => {
    const desk = new Desk({}, () => {});
    return (await commands.get('completion <what>')?.run(desk, { args: [shell], options: {} }))?.lines ?? [];
  };
  /** What the program says to those who ask it for names. */
  let names = 'echo web; echo db';
  beforeEach(() => {
    names = 'echo web; echo db';
  });
  const program = () => `tsoverlay() { [ "$*" = 'completion containers' ] && { ${names}; }; }`;
  const offered = async (...typed: string[]): Promise<string[]> => {
    const script = [...(await scriptFor('bash')), program()];
    const words = ['tsoverlay', ...typed].map((word) => `'${word}'`).join(' ');
    const ask = `COMP_WORDS=(${words}); COMP_CWORD=${typed.length}; _tsoverlay; printf '%s\n' "\${COMPREPLY[@]}"`;
    const { stdout } = await execa('bash', ['-c', `${script.join('\n')}\n${ask}`]);
    return stdout.split('\n').filter((word) => word !== '');
  };

  it('offers commands, what they go on with, and their options', async () => {
    expect(await offered('')).toEqual(expect.arrayContaining(['status', 'trace', 'node', 'ipam', 'completion']));
    expect(await offered('st')).toEqual(['status']);
    expect(await offered('node', '')).toEqual(expect.arrayContaining(['drain', 'forget']));
    expect(await offered('node', 'forget', '10.0.0.62', '--')).toEqual(['--yes', '--json', '--help']);
    expect(await offered('status', '--w')).toEqual(['--wait']);
  });

  it('offers containers where one may be named', async () => {
    expect(await offered('trace', 'w')).toEqual(['web']);
    expect(await offered('trace', 'web', '')).toEqual(expect.arrayContaining(['web', 'db', '--json']));
    expect(await offered('ping', 'd')).toEqual(['db']);
    expect(await offered('dns', 'db', '--from', '')).toEqual(expect.arrayContaining(['web', 'db']));
    expect(await offered('status', '')).not.toContain('web');
    names = 'echo it went wrong >&2; return 2';
    expect(await offered('trace', '')).toEqual(['--json', '--help']);
  });

  describe('names of containers', () => {
    let folder: string;
    let server: Server;
    let answer: (response: ServerResponse) => void;
    const asked: (string | undefined)[] = [];
    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'tsoverlay-engine-'));
      server = createServer(({ url }, response) => {
        asked.push(url);
        answer(response);
      });
      await once(server.listen(join(folder, 'docker.sock')), 'listening');
    });
    afterAll(() => {
      server.closeAllConnections();
      server.close();
      rmSync(folder, { recursive: true });
    });
    const ask = () => containerNames(join(folder, 'docker.sock'));

    it('are those that the engine has running, and that a shell takes for words', async () => {
      const list = [['/web'], ['/other/alias', '/db_1.x'], ['/$(reboot)'], []].map((Names) => ({ Names }));
      answer = (response) => void response.setHeader('content-type', 'application/json').end(JSON.stringify(list));
      expect(await ask()).toEqual(['web', 'db_1.x']);
      expect(asked.at(-1)).toMatch(/\/containers\/json$/);
    });

    it('are not waited for', async () => {
      answer = () => {};
      const began = performance.now();
      await expect(ask()).rejects.toThrow();
      expect(performance.now() - began).toBeLessThan(5_000);
      await expect(containerNames(join(folder, 'nobody.sock'))).rejects.toThrow('ENOENT');
    });
  });

  it('is refused for a shell that nobody has written it for', async () => {
    const run = commands.get('completion <what>')?.run(new Desk({}, () => {}), { args: ['fish'], options: {} });
    await expect(run).rejects.toThrow(
      'there is no completion for "fish"; it must be bash or zsh, or containers for their names',
    );
  });

  describe.skipIf(spawnSync('zsh', ['-c', 'true']).status !== 0)('in zsh', () => {
    let folder: string;
    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'tsoverlay-zsh-'));
      writeFileSync(join(folder, '_tsoverlay'), `${(await scriptFor('zsh')).join('\n')}\n`);
    });
    afterAll(() => rmSync(folder, { recursive: true }));
    /** As compinit makes it known; `compadd` is there only while zsh completes. */
    const zsh = async (...lines: string[]) => {
      const around = ['compadd() { shift; print -rl -- $@ }', 'compdef() { print -r -- compdef $@ }'];
      const typed = ['words=(tsoverlay st)', 'CURRENT=2', '_tsoverlay'];
      const { stdout } = await execa('zsh', ['-f', '-c', [...around, ...lines, ...typed].join('\n')]);
      return stdout.split('\n');
    };
    it('offers containers where one may be named', async () => {
      const typed = ['words=(tsoverlay trace w)', 'CURRENT=3', '_tsoverlay'];
      const lines = await zsh(program(), `source ${folder}/_tsoverlay`, ...typed);
      expect(lines).toEqual(expect.arrayContaining(['web', 'db', '--json']));
    });

    const offers = expect.arrayContaining(['status', 'node', 'completion']);

    it('the first TAB has offers from a file of fpath', async () => {
      const lines = await zsh(`fpath=(${folder})`, 'autoload -Uz _tsoverlay');
      expect(lines).toEqual(offers);
      expect(lines[0]).not.toContain('compdef');
    });

    it('what was read is made known, and offers no less', async () => {
      const lines = await zsh(`source ${folder}/_tsoverlay`);
      expect(lines[0]).toBe('compdef _tsoverlay tsoverlay');
      expect(lines).toEqual(offers);
    });
  });
});
