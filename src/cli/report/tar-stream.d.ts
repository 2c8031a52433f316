/** As much of it as we use; dockerode brings this very version along. */
declare module 'tar-stream' {
  import type { Readable } from 'node:stream';

  export interface Pack extends Readable {
    entry(header: { readonly name: string; readonly mode: number; readonly mtime: Date }, content: string): void;
    finalize(): void;
  }
  export function pack(): Pack;
}
