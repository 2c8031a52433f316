/** The page without the one that serves: what the store says, or what that one knew last, and that it is away. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Finding } from '../../admin/contract/overview.js';
import { NOBODY } from '../../health/row.js';
import { rememberedCluster } from '../../overview/remembered.js';
import { Sight } from '../../overview/sight.js';
import { Site } from '../../overview/site.js';
import { Watching } from '../../overview/watching.js';
import { CopyFile } from '../../store/data-dir/cluster-copy.js';
import { HostMemory } from '../../store/data-dir/host-memory.js';
import type { Desk } from '../frame/desk.js';

/** How often it is looked whether somebody serves again, ms. */
const LOOK_MS = 2_000;

/** Open from the first question while nobody answers until somebody does again: then whoever looks is to ask that one. */
export class OwnSite {
  private site: Promise<Site> | undefined;

  constructor(
    private readonly desk: Desk,
    private readonly everyMs = LOOK_MS,
  ) {}

  /** Rejects with a UserError for settings that are wrong. */
  get(): Promise<Site> {
    this.site ??= this.open();
    return this.site;
  }

  private open(): Promise<Site> {
    const ending = new AbortController();
    const opened = openSite(this.desk, ending.signal);
    const end = () => {
      ending.abort();
      this.site = undefined;
    };
    void opened.then(() => this.untilAnswered()).then(end, end);
    return opened;
  }

  private async untilAnswered(): Promise<void> {
    do await sleep(this.everyMs, undefined, { ref: false });
    while (!(await this.desk.isAnswered()));
  }
}

/** Ends with `ending`. */
async function openSite(desk: Desk, ending: AbortSignal): Promise<Site> {
  const { dataDir } = desk.settings;
  const store = await desk.openStore();
  ending.addEventListener('abort', () => void store.close(), { once: true });
  const copy = new CopyFile(dataDir, NOBODY).load();
  const cluster = copy && rememberedCluster(copy);
  const away = [await awayFinding(desk)];
  return new Site({
    sight: new Sight(() => new Watching({ store, known: () => cluster }), ending),
    self: () => HostMemory.open(dataDir, NOBODY).node?.id ?? '',
    findings: () => away,
    others: NOTHING_OF_OTHERS,
    ending,
  });
}

/** Only the one that serves probes and asks. */
const NOTHING_OF_OTHERS = { edges: [], words: [], look: async () => {} };

async function awayFinding(desk: Desk): Promise<Finding> {
  return {
    ...{ code: 'agent.away', subject: '', state: 'failing', severity: 'high', attempts: 1 },
    since: (desk.lastSeen() ?? new Date()).toISOString(),
    text: await desk.away(),
    cure: 'Start tsoverlay on this host, or enable its plugin, and look at its log. What runs goes on meanwhile.',
  };
}
