/** What the plugin of a host writes from now on. */
import { readFileSync, statSync } from 'node:fs';
import type { Plugin } from '../../plugin.js';

export class PluginLog {
  private readonly start: number;

  constructor(private readonly plugin: Plugin) {
    this.start = statSync(plugin.log()).size;
  }

  /** All that it has written since. */
  text(): string {
    return readFileSync(this.plugin.log()).subarray(this.start).toString();
  }
}
