import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { inScript, readDocument } from '../../../src/overview/document.js';

const folder = mkdtempSync(join(tmpdir(), 'tsoverlay-document-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('data in a page', () => {
  it.each(['</script><script>alert(1)</script>', '<!--<script>', ']]>', '\u2028', '</SCRIPT >'])(
    '%j stays data',
    (name) => {
      const text = inScript(JSON.stringify({ name }));
      expect(text).not.toMatch(/[<>]/);
      expect(JSON.parse(text)).toEqual({ name });
    },
  );
});

describe('the page', () => {
  it('that was not built is missed in one sentence', () => {
    expect(() => readDocument('/no/page.html')).toThrow('the page is missing: /no/page.html comes with npm run build');
    const other = join(folder, 'other.html');
    writeFileSync(other, '<p>');
    expect(() => readDocument(other)).toThrow('is not the page that npm run build makes');
  });
});
