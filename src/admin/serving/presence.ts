/** Keeps the file up to date that tells when the one that serves was last alive. */
import { utimesSync, writeFileSync } from 'node:fs';
import { type Presence, presenceFile } from '../contract/presence.js';

/** To a command, who was alive this long ago has just gone, ms. */
const EVERY_MS = 2_000;

/** Returns how to end it; the file stays. Throws what the file system says. */
export function keepPresence(adminSocket: string, settings: Presence['settings']): () => void {
  const path = presenceFile(adminSocket);
  const content: Presence = { version: 1, pid: process.pid, started: new Date().toISOString(), settings };
  const write = () => writeFileSync(path, `${JSON.stringify(content)}\n`, { mode: 0o600 });
  write();
  const touch = () => {
    const now = new Date();
    try {
      utimesSync(path, now, now);
    } catch {
      // Somebody has taken it away: nobody hangs on it but whoever asks once we are gone.
    }
  };
  const timer = setInterval(touch, EVERY_MS).unref();
  return () => {
    clearInterval(timer);
    touch();
  };
}
