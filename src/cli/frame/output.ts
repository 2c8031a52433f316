/** Where reports go: lines for people, or one JSON value for programs; nothing in them is obeyed by a terminal. */
import { ANSWERS_VERSION } from '../../admin/contract/exchange.js';
import { messageOf } from '../../errors.js';
import { shown } from '../../model/values/printable.js';
import type { Exit, Report } from './command.js';

interface Pipes {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

export class Output {
  constructor(
    private readonly isJson: boolean,
    private readonly pipes: Pipes,
  ) {}

  /** What a command that goes on has to say now. */
  tell(lines: readonly string[], json: unknown): void {
    if (this.isJson) this.json(json);
    else this.write(this.pipes.out, lines);
  }

  report({ lines, json, exit, errors = [] }: Report): Exit {
    if (this.isJson) this.json(json);
    else this.write(this.pipes.out, lines);
    this.write(
      this.pipes.err,
      errors.map((words) => `tsoverlay: ${words}`),
    );
    return exit;
  }

  /** What a command failed of. */
  failure(error: unknown): Exit {
    const words = messageOf(error);
    if (this.isJson) this.json({ error: words });
    this.write(this.pipes.err, `tsoverlay: ${words}`.split('\n'));
    return 2;
  }

  private json(value: unknown): void {
    // JSON escapes control characters, but not all that a terminal obeys.
    this.pipes.out(`${shown(JSON.stringify({ version: ANSWERS_VERSION, ...Object(value) }))}\n`);
  }

  private write(pipe: (text: string) => void, lines: readonly string[]): void {
    if (lines.length > 0) pipe(`${lines.map(shown).join('\n')}\n`);
  }
}
