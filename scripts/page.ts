/**
 * The end of `npm run build`: dist/page.html, one file with its script and its style that needs nothing else. Its policy
 * lets run what stands in it, by hash, and nothing that data could bring along. `dist/page.json` says what is in it.
 */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { build, type Metafile } from 'esbuild';

interface Bundle {
  readonly text: string;
  readonly inputs: Metafile['inputs'];
}

async function bundled(entry: string): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    ...{ entryPoints: [entry], bundle: true, minify: true, write: false, metafile: true },
    ...{ format: 'esm', target: 'es2022', legalComments: 'none', logLevel: 'warning' },
    tsconfig: 'page/tsconfig.json',
  });
  return { text: (outputFiles[0]?.text ?? '').trim(), inputs: metafile.inputs };
}

const hash = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

const [script, style] = await Promise.all([bundled('page/main.tsx'), bundled('page/page.css')]);
if (/<\/script|<!--/i.test(script.text)) throw new Error('the script of the page would end its own element');
const policy = [
  "default-src 'none'",
  `script-src ${hash(script.text)}`,
  `style-src ${hash(style.text)}`,
  "connect-src 'self'",
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');
const page = readFileSync('page/page.html', 'utf8')
  .replace('POLICY', () => policy)
  .replace('STYLE', () => style.text)
  .replace('SCRIPT', () => script.text);
writeFileSync('dist/page.html', page);
writeFileSync('dist/page.json', JSON.stringify({ inputs: { ...script.inputs, ...style.inputs } }));
