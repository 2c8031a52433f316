/** What may be wrong with the store, and with what this host keeps in DATA_DIR. */
import type { Entries, Reason } from '../entry.js';

export interface StoreCodes {
  /** One server; subject: its address. */
  'store.news': Reason & { readonly refused: boolean };
  /** Subject: the prefix that is watched. */
  'store.watch': Reason;
  'store.removals': Reason;
  'store.doubt': Readonly<Record<string, never>>;
  /** Subject: the key. */
  'store.record': { readonly key: string; readonly reason: string };
  'store.records': { readonly count: number };
  'store.file': { readonly path: string; readonly reason: string };
  /** Subject: the path. */
  'data.read': { readonly path: string; readonly reason: string };
  /** Subject: the path. */
  'data.write': { readonly path: string; readonly reason: string };
  /** One server; subject: its address. */
  'consul.exposed': { readonly address: string; readonly acls: boolean };
  'consul.exposure': Reason;
}

export const STORE: Entries<StoreCodes> = {
  'store.news': {
    severity: 'medium',
    what: 'news from a server of the store',
    text: ({ reason, refused }) =>
      `when this host last asked for news, ${reason}${refused ? '; it asks more and more slowly' : ''}`,
    cause:
      'A Consul server does not answer, or answers with an error: it is down, cut off, has no leader, has too many connections, or refuses the token.',
    cure: 'Look at that server (`consul members`, `consul operator raft list-peers`), at the way to it, and at the token of `kv.token` or `kv.tokenfile`. What runs goes on; changes wait.',
  },
  'store.watch': {
    severity: 'low',
    what: 'a watch of the store',
    text: ({ reason }) => `news of this part of the store do not come in: ${reason}`,
    cause: 'As with `store.news`, or the token may not read this prefix.',
    cure: 'As with `store.news`; docs/plugin.md has the rights that the token needs.',
  },
  'store.removals': {
    severity: 'high',
    what: 'belief in what is gone from the store',
    text: ({ reason }) => `what is gone from the store is not believed to be gone yet: ${reason}`,
    cause:
      'Records are missing from a list, and the store does not answer whether it is the one that this host knows, or does not let it read them.',
    cure: 'Give the token back its rights to read (docs/plugin.md), or see `store.news`. Until then nothing is removed on this host.',
  },
  'store.doubt': {
    severity: 'medium',
    what: 'trust in the store',
    text: () =>
      'the store was wiped or replaced a moment ago: until all hosts have put back what they hold, nothing counts as gone',
    cause: "The store's identity is another one than this host knew.",
    cure: 'None is needed: it is over after 15 s. If nobody wiped the store or put a backup in place, find out who did.',
  },
  'store.record': {
    severity: 'medium',
    what: 'a record in the store',
    text: ({ key, reason }) => `a record of the store is left out: ${key} ${reason}`,
    over: ({ key }) => `${key} in the store can be read again, or is gone`,
    cause:
      'Somebody wrote into the store by hand, or a newer release did. What runs goes on as the record was last read.',
    cure: 'Put the record right or remove it (`consul kv get`, `consul kv delete`), or upgrade tsoverlay on this host.',
  },
  'store.records': {
    severity: 'medium',
    what: 'the number of other records that are left out',
    text: ({ count }) => `${count} more records of the store are left out; tsoverlay status counts them`,
    cause: 'As with `store.record`; only a hundred are named.',
    cure: 'As with `store.record`. Find out who writes there: only tsoverlay needs the right to.',
  },
  'store.file': {
    severity: 'high',
    what: 'the file of the embedded store',
    text: ({ path, reason }) => `the store file ${path} cannot be written: nothing can be changed now: ${reason}`,
    cause: 'The disk of DATA_DIR is full or read-only.',
    cure: 'Make room on that disk, or mount it writable again. What runs goes on.',
  },
  'data.read': {
    severity: 'medium',
    what: 'what this host has remembered in DATA_DIR',
    text: ({ reason }) => `a file of DATA_DIR cannot be read; all goes on without it: ${reason}`,
    cause: 'The file is damaged, or a newer release wrote it.',
    cure: 'None is needed: a damaged file is written anew, and one of a newer release is kept for that release.',
  },
  'data.write': {
    severity: 'medium',
    what: 'what this host remembers in DATA_DIR',
    text: ({ reason }) => `a file of DATA_DIR cannot be written; all goes on without it: ${reason}`,
    cause: 'The disk of DATA_DIR is full or read-only.',
    cure: 'Make room on that disk, or mount it writable again. It is tried every 30 s. A start without the store would know less.',
  },
  'consul.exposed': {
    severity: 'high',
    what: "Consul's refusal of strangers",
    text: ({ address, acls }) =>
      acls
        ? `Consul at ${address} lets requests without a token write what tsoverlay keeps there, those of containers that reach it too: set default_policy = "deny", and take key rules away from its anonymous token and from tokens.default`
        : `Consul at ${address} has its ACLs off, so whoever reaches it can write what tsoverlay keeps there, containers too: turn them on as docs/plugin.md does, or keep containers away with CONSUL_GUARD=on`,
    over: ({ address }) => `Consul at ${address} takes writes with a token only now`,
    cause: "Consul's ACLs are off, or its anonymous token may write keys.",
    cure: 'Turn ACLs on with `default_policy = "deny"` as docs/plugin.md shows, or keep containers away with `CONSUL_GUARD=on`.',
  },
  'consul.exposure': {
    severity: 'low',
    what: 'the look for a Consul that anybody may write to',
    text: ({ reason }) => `whether Consul takes writes from anybody is not known: ${reason}`,
    cause: 'The question failed in an unexpected way.',
    cure: 'None is needed: it is asked again. Please report it if it stays.',
  },
};
