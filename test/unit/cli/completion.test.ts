import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Desk } from '../../../src/cli/frame/desk.js';
import { COMMANDS } from '../../../src/cli/program/all.js';

describe('completion', () => {
  const commands = new Map(COMMANDS.map((c) => [c.usage, c]));
  const scriptFor = async (shell: string): Promise<readonly string[]> => {
    const desk = new Desk({}, () => {});
    return (await commands.get('completion <shell>')?.run(desk, { args: [shell], options: {} }))?.lines ?? [];
  };
  const offered = async (...typed: string[]): Promise<string[]> => {
    const script = await scriptFor('bash');
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

  it('is refused for a shell that nobody has written it for', async () => {
    const run = commands.get('completion <shell>')?.run(new Desk({}, () => {}), { args: ['fish'], options: {} });
    await expect(run).rejects.toThrow('there is no completion for "fish"; it must be bash or zsh');
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
