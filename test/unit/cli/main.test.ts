import { describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { Output } from '../../../src/cli/frame/output.js';
import { COMMANDS } from '../../../src/cli/program/all.js';
import { makeProgram, runCommand } from '../../../src/cli/program/main.js';
import { RELEASE } from '../../../src/model/cluster/release.js';

const words = (usage: string): string[] => usage.split(' ').filter((word) => !/^[<[]/.test(word));

describe.each(COMMANDS.map((command) => [command.usage, command] as const))('tsoverlay %s', (usage, command) => {
  it('has help with an example, which is one of it', () => {
    let said = '';
    const program = makeProgram(async () => {});
    const typed = words(usage);
    const made = typed.reduce((at, word) => at.commands.find((c) => c.name() === word) ?? at, program);
    const writeOut = (text: string) => {
      said += text;
    };
    made.configureOutput({ writeOut }).outputHelp();
    expect(said).toContain(`Usage: tsoverlay ${typed.join(' ')}`);
    expect(said).toContain(command.about.slice(0, 40));
    expect(said).toContain(`Example:\n  ${command.example}`);
    expect(said).toContain('--json');
    expect(command.example).toMatch(new RegExp(`^tsoverlay ${typed.join(' ')}( |$)`));
  });

  it('is run by its example', async () => {
    const run: string[] = [];
    const program = makeProgram(async ({ usage }) => void run.push(usage));
    await program.parseAsync(command.example.split(' ').slice(1), { from: 'user' });
    expect(run).toEqual([usage]);
  });

  it('says what its JSON is like', () => {
    expect(z.toJSONSchema(command.json, { io: 'input' })).toMatchObject({ type: 'object' });
  });
});

describe('output', () => {
  const outputOf = (isJson: boolean) => {
    const said = { out: '', err: '' };
    const output = new Output(isJson, {
      out: (text) => {
        said.out += text;
      },
      err: (text) => {
        said.err += text;
      },
    });
    return { output, said };
  };
  const report = {
    lines: ['one', 'two\u001b[2J\nthree'],
    json: { name: '\u009b1m' },
    exit: 1,
    errors: ['why'],
  } as const;

  it('is lines, in which nothing is obeyed by a terminal', () => {
    const { output, said } = outputOf(false);
    expect(output.report(report)).toBe(1);
    expect(said).toEqual({ out: 'one\ntwo\\u001b[2J\\u000athree\n', err: 'tsoverlay: why\n' });
  });

  it('is one JSON value with a version', () => {
    const { output, said } = outputOf(true);
    expect(output.report(report)).toBe(1);
    expect(said.out).toBe('{"version":1,"name":"\\u009b1m"}\n');
    expect(JSON.parse(said.out)).toEqual({ version: 1, name: '\u009b1m' });
  });

  it('of what failed is the reason, and status 2', () => {
    const { output, said } = outputOf(true);
    expect(output.failure(new Error('no store'))).toBe(2);
    expect(said).toEqual({ out: '{"version":1,"error":"no store"}\n', err: 'tsoverlay: no store\n' });
  });
});

describe('what is typed wrongly', () => {
  const typed = async (...words: string[]) => {
    const said = { out: '', err: '' };
    const heard = (pipe: 'out' | 'err') => (text: unknown) => {
      said[pipe] += String(text);
      return true;
    };
    const spies = [
      vi.spyOn(process.stdout, 'write').mockImplementation(heard('out')),
      vi.spyOn(process.stderr, 'write').mockImplementation(heard('err')),
    ];
    const exit = await runCommand(['node', 'tsoverlay', ...words], {});
    for (const spy of spies) spy.mockRestore();
    return { exit, ...said };
  };

  it.each([
    [['stauts'], "unknown command 'stauts'"],
    [['ping'], "missing required argument 'host|container'"],
    [['ping', 'a', 'b'], 'too many arguments'],
    [['status', '--bogus'], "unknown option '--bogus'"],
    [['status', '--wait'], "option '--wait <seconds>' argument missing"],
  ])('%j is said on standard error, and as JSON where that was asked for', async (words, sentence) => {
    expect(await typed(...words)).toMatchObject({ exit: 2, out: '', err: expect.stringContaining(sentence) });
    const { exit, out } = await typed(words[0] ?? '', '--json', ...words.slice(1));
    expect([exit, JSON.parse(out)]).toEqual([2, { version: 1, error: expect.any(String) }]);
  });

  it('is not a question for the release', async () => {
    expect(await typed('--version')).toEqual({ exit: 0, out: `${RELEASE}\n`, err: '' });
  });
});
