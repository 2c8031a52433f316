/** The number of a namespace's ruleset: it grows by one with each batch that anybody has done there. */
import { attributeOf, Msg, NFPROTO, question } from '../nft/message.js';
import { ask } from './socket.js';

const NFTA_GEN_ID = 1;

/** 0 where the kernel does not tell. */
export function generationOf(fd: number): number {
  const [told] = ask(fd, 'nft list ruleset', question(Msg.getGen, [], NFPROTO.ipv4), Msg.newGen);
  return attributeOf(told, NFTA_GEN_ID)?.readUInt32BE() ?? 0;
}
