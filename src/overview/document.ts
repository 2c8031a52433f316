/** The page as one file: its script, its style and, for a report, its data. `npm run build` makes it beside the program. */
import { readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { UserError } from '../errors.js';

/** Stands in the file where data go; nothing else in it has this. */
export const DATA_PLACE = '"data of the page"';

export interface Document {
  /** The parts of the file before and behind its data. */
  readonly before: string;
  readonly behind: string;
  /** Of its head: what it may load and run. */
  readonly policy: string;
}

/** Beside the program that runs, however it was called. */
const builtPage = (): string => join(dirname(realpathSync(process.argv[1] ?? '')), 'page.html');

/** Throws a UserError when there is none. */
export function readDocument(path = builtPage()): Document {
  const text = contentOf(path);
  const [before, behind] = text.split(DATA_PLACE);
  const policy = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(text)?.[1];
  if (before === undefined || behind === undefined || policy === undefined)
    throw new UserError(`${path} is not the page that npm run build makes`);
  return { before, behind, policy };
}

function contentOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    throw new UserError(`the page is missing: ${path} comes with npm run build`);
  }
}

/** JSON that stands in a script element as data: nothing in it ends that element, or begins a comment. */
export const inScript = (json: string): string => json.replaceAll('<', '\\u003c').replaceAll('>', '\\u003e');
