/** Begins the page: with the data that stand in it, or with what the server tells. */
import { render } from 'preact';
import { live, still } from './data/feed.js';
import type { News } from './data/state.js';
import { App } from './view/app.js';

const written = JSON.parse(document.getElementById('data')?.textContent ?? 'null') as News | null;
const feed = written === null ? live('v1/overview/events') : still(written);
render(<App feed={feed} />, document.getElementById('page') ?? document.body);
