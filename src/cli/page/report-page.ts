/** The page as one file with its data in it, for whoever is to look at it elsewhere. */
import { overviewExchange } from '../../admin/contract/overview.js';
import { inScript, readDocument } from '../../overview/document.js';
import { isAway } from '../frame/agent-client.js';
import type { Desk } from '../frame/desk.js';
import { OwnSite } from './own-site.js';

/** All of a large cluster is read for it, ms. */
const PATIENCE_MS = 8_000;

/** Rejects with a UserError when the page was not built, or settings are wrong. */
export async function reportPage(desk: Desk): Promise<string> {
  const { before, behind } = readDocument();
  return `${before}${inScript(await overviewText(desk))}${behind}`;
}

/** JSON: from the one that serves, or where that is away from the store, or what this host knew last. */
async function overviewText(desk: Desk): Promise<string> {
  try {
    return JSON.stringify(await desk.ask(overviewExchange, {}, PATIENCE_MS));
  } catch (e) {
    if (!isAway(e)) throw e;
    const site = await new OwnSite(desk).get();
    return site.text();
  }
}
