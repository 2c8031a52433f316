/** How a rule ends, and the rates that may come before that. */
import { expression, verdict } from './expression.js';
import { text, u32, u64 } from './message.js';
import { NF, NFT, NFTA_VERDICT } from './uapi.js';

const NFT_LIMIT = { packets: 0, bytes: 1 } as const;
const NFT_LIMIT_F_INV = 1;

/** `counter packets <packets> drop` */
export const drop = (packets = 0): Buffer[] => [
  expression('counter', u64(1, 0), u64(2, packets)),
  verdict(u32(NFTA_VERDICT.CODE, NF.DROP)),
];

/** `accept`: goes on with the next chain of the hook, if there is one. */
export const accept = (): Buffer[] => [verdict(u32(NFTA_VERDICT.CODE, NF.ACCEPT))];

/** `goto <chain>` */
export const goTo = (chain: string): Buffer[] => [
  verdict(u32(NFTA_VERDICT.CODE, NFT.GOTO), text(NFTA_VERDICT.CHAIN, chain)),
];

/** `limit rate over <rate>/second burst <burst> packets` */
export const packetsOver = (rate: number, burst: number): Buffer[] => [limitOver(NFT_LIMIT.packets, rate, burst)];

/** `limit rate over <rate> bytes/second burst <burst> bytes` */
export const bytesOver = (rate: number, burst: number): Buffer[] => [limitOver(NFT_LIMIT.bytes, rate, burst)];

const limitOver = (type: number, rate: number, burst: number): Buffer =>
  expression('limit', u64(1, rate), u64(2, 1), u32(3, burst), u32(4, type), u32(5, NFT_LIMIT_F_INV));
