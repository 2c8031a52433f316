/** A bundle as one tar file. */
import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import type { Bundle } from './bundle.js';

/** `folder`: what all files are in. */
export function tarOf(folder: string, bundle: Bundle): Promise<Buffer> {
  const tar = pack();
  const mtime = new Date();
  for (const [name, content] of Object.entries(bundle))
    tar.entry({ name: `${folder}/${name}`, mode: 0o600, mtime }, content);
  tar.finalize();
  return buffer(tar);
}
