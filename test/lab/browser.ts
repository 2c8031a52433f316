/** Debian's Chromium, driven as a person would use it; what it is shown is kept as pictures in build/screenshots. */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import axe from 'axe-core';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { ROOT } from './paths.js';

const CHROMIUM = '/usr/bin/chromium';
const PICTURES = join(ROOT, 'build/screenshots');

/** `rules`: names that lead where the test says, `MAP evil.example 127.0.0.1`. */
export async function startBrowser(rules = ''): Promise<Browser> {
  if (!existsSync(CHROMIUM)) throw new Error(`${CHROMIUM} is missing: sh scripts/prepare.sh`);
  // Root has no sandbox, and this is nobody's browser.
  const args = ['--no-sandbox', ...(rules === '' ? [] : [`--host-resolver-rules=${rules}`])];
  return chromium.launch({ executablePath: CHROMIUM, args });
}

export interface Sight {
  readonly page: Page;
  /** What ought not to happen: errors, refusals by the policy, dialogs, requests to elsewhere. */
  readonly troubles: readonly string[];
}

/** Opens a page at this address and watches over it. */
export async function look(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Sight> {
  const context = await browser.newContext({ viewport: { width: 1400, height: 1000 }, ...options });
  const page = await context.newPage();
  const troubles: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') troubles.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => troubles.push(`error: ${error.message}`));
  page.on('dialog', (dialog) => {
    troubles.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  const { origin, protocol } = new URL(url);
  page.on('request', (request) => {
    const asked = new URL(request.url());
    const isOwn =
      asked.protocol === 'data:' || (protocol === 'file:' ? request.url() === url : asked.origin === origin);
    if (!isOwn) troubles.push(`request: ${request.url()}`);
  });
  await page.goto(url);
  return { page, troubles };
}

/** What axe finds: rule, and the element it is about. */
export async function accessibility(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<Result>('axe.run()');
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`));
}

interface Result {
  readonly violations: readonly { readonly id: string; readonly nodes: readonly { readonly html: string }[] }[];
}

/** Keeps a picture of what is seen. */
export async function picture(page: Page, name: string): Promise<void> {
  mkdirSync(PICTURES, { recursive: true });
  await page.screenshot({ path: join(PICTURES, `${name}.png`) });
}
