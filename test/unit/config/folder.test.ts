import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { privateFolder } from '../../../src/config/folder.js';

let root: string;
let folder: string;
const modeOf = (path: string) => (statSync(path).mode & 0o7777).toString(8);
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tsoverlay-folder-'));
  folder = join(root, 'data');
});
afterEach(() => rmSync(root, { recursive: true }));

describe('DATA_DIR', () => {
  it('is made for us alone, with whatever umask', () => {
    const mask = process.umask(0);
    try {
      privateFolder(join(folder, 'deeper'));
    } finally {
      process.umask(mask);
    }
    expect([modeOf(folder), modeOf(join(folder, 'deeper'))]).toEqual(['700', '700']);
  });

  it('is closed to others when all in it is ours, as mkdir and older releases left it', () => {
    mkdirSync(folder);
    const names = ['host.json', 'cluster.json.new', 'keys.json', 'store.json', 'agent.json', 'ca.pem', 'token'];
    for (const name of names) writeFileSync(join(folder, name), '');
    for (const mode of [0o755, 0o777]) {
      chmodSync(folder, mode);
      expect(privateFolder(folder)).toBe(folder);
      expect(modeOf(folder)).toBe('700');
    }
  });

  it("keeps its mode when others' things are in it, for it may be /var/lib by mistake", () => {
    mkdirSync(join(folder, 'postgres'), { recursive: true });
    chmodSync(folder, 0o755);
    privateFolder(folder);
    expect(modeOf(folder)).toBe('755');
  });

  it('is refused when everybody can put files there, as in /tmp', () => {
    mkdirSync(join(folder, 'x'), { recursive: true });
    chmodSync(folder, 0o1777);
    expect(() => privateFolder(folder)).toThrow(
      `DATA_DIR is "${folder}", which everybody can write to; name a folder that is tsoverlay's alone`,
    );
  });
});
