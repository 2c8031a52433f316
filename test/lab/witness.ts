/** Types commands on hosts as a user would, and keeps what was seen: the evidence of a step. */
import type { DockerHost } from './lab.js';

/** What became of one step. */
export interface Finding {
  /** Expectations that did not hold; none when the step went well. */
  readonly problems: readonly string[];
  /** Expectations that held. */
  readonly facts: readonly string[];
  /** Every command with its real output. */
  readonly evidence: string;
}

export class Witness {
  private readonly facts: string[] = [];
  private readonly problems: string[] = [];
  private readonly transcript: string[] = [];

  /** Runs a shell line on the host and gives its output, error output included; a failure is a problem. */
  async type(h: DockerHost, line: string): Promise<string> {
    const prompt = `${h.name}# ${line}`;
    // Its place in the transcript is taken now: lines that run side by side stay in the order of typing.
    const place = this.transcript.push(prompt) - 1;
    const { ok, stdout, stderr } = await h.host.attempt('sh', '-c', line);
    const output = [stdout, stderr].filter((text) => text !== '').join('\n');
    if (output !== '') this.transcript[place] = `${prompt}\n${output}`;
    if (!ok) this.problems.push(`${h.name}: ${line}: failed`);
    return output;
  }

  /** Keeps something that was not typed, e.g. what Consul's page shows. */
  note(what: string): void {
    this.transcript.push(what);
  }

  /** Records a fact when it holds, a problem when it does not. */
  expect(fact: string, holds: boolean): void {
    if (holds) this.facts.push(fact);
    else this.problems.push(`not seen: ${fact}`);
  }

  finding(): Finding {
    return { problems: this.problems, facts: this.facts, evidence: this.transcript.join('\n') };
  }
}
