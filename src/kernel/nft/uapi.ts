/**
 * The attributes of nf_tables' objects and their values, under their names in linux/netfilter/nf_tables.h and linux/netfilter.h.
 * Those of single expressions are where the expression is made.
 */

export const NFTA_LIST_ELEM = 1;
export const NFTA_GEN_ID = 1;

export const NFTA_TABLE = { NAME: 1, FLAGS: 2 } as const;
export const NFT_TABLE_F_DORMANT = 1;

export const NFTA_CHAIN = { TABLE: 1, NAME: 3, HOOK: 4, POLICY: 5, TYPE: 7 } as const;
export const NFTA_HOOK = { HOOKNUM: 1, PRIORITY: 2, DEV: 3 } as const;

export const NFTA_RULE = { TABLE: 1, CHAIN: 2, HANDLE: 3, EXPRESSIONS: 4, USERDATA: 7 } as const;

export const NFTA_SET = {
  ...{ TABLE: 1, NAME: 2, FLAGS: 3, KEY_TYPE: 4, KEY_LEN: 5, DATA_TYPE: 6, DATA_LEN: 7 },
  ...{ DESC: 9, ID: 10, USERDATA: 13 },
} as const;
export const NFTA_SET_DESC_SIZE = 1;
export const NFTA_SET_ELEM_LIST = { TABLE: 1, SET: 2, ELEMENTS: 3 } as const;
export const NFTA_SET_ELEM = { KEY: 1, DATA: 2, FLAGS: 3, KEY_END: 10 } as const;
export const NFT_SET_ELEM_INTERVAL_END = 1;

export const NFTA_EXPR = { NAME: 1, DATA: 2 } as const;
export const NFTA_DATA = { VALUE: 1, VERDICT: 2 } as const;
export const NFTA_VERDICT = { CODE: 1, CHAIN: 2 } as const;

/** Verdicts: those of netfilter, and nf_tables' own. */
export const NF = { DROP: 0, ACCEPT: 1, QUEUE: 3 } as const;
export const NFT = { JUMP: -3, GOTO: -4, RETURN: -5 } as const;
export const NFT_REG_VERDICT = 0;
