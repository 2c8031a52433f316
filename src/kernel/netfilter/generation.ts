/** The number of a namespace's ruleset: it grows by one with each batch that anybody has done there. */
import { attributeOf, Msg, NFPROTO, question } from '../nft/message.js';
import { NFTA_GEN_ID } from '../nft/uapi.js';
import { ask } from './socket.js';

/** 0 where the kernel does not tell. */
export function generationOf(fd: number): number {
  const [told] = ask(fd, 'nft list ruleset', question(Msg.getGen, [], NFPROTO.ipv4), Msg.newGen);
  return attributeOf(told, NFTA_GEN_ID)?.readUInt32BE() ?? 0;
}
