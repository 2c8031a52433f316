/** Says for commands who serves, with which settings, and when that one was last alive. */
import { utimesSync, writeFileSync } from 'node:fs';
import { type Presence, presenceFile, rememberedFile } from '../contract/presence.js';

/** To a command, who was alive this long ago has just gone, ms. */
const EVERY_MS = 2_000;

/** Returns how to end it; the files stay. Throws what the file system says of the one beside the socket. */
export function keepPresence(adminSocket: string, dataDir: string, settings: Presence['settings']): () => void {
  const path = presenceFile(adminSocket);
  const content: Presence = { version: 1, pid: process.pid, started: new Date().toISOString(), settings };
  const write = (file: string) => writeFileSync(file, `${JSON.stringify(content)}\n`, { mode: 0o600 });
  write(path);
  // A disk that is full or read-only says so of files that matter more.
  ignoring(() => write(rememberedFile(dataDir)));
  const touch = () => {
    const now = new Date();
    // Who has taken it away has only commands know less once we are gone.
    ignoring(() => utimesSync(path, now, now));
  };
  const timer = setInterval(touch, EVERY_MS).unref();
  return () => {
    clearInterval(timer);
    touch();
  };
}

function ignoring(work: () => void): void {
  try {
    work();
  } catch {
    // As above.
  }
}
