/** Asks another host, through the probe network, what doctor finds there. What it says is another host's word. */
import { Socket } from 'node:net';
import * as z from 'zod';
import { tcpConnectIn } from '../kernel/system/sockets.js';
import type { NodeAddress } from '../model/values/types.js';
import { ECHO_PORT } from './message.js';

/** More than this no honest host has to say. */
const MOST_BYTES = 256 * 1024;
export const MOST = 100;
const sentence = z.string().max(2_000);

/** What a host's doctor has found, and what it could not look at, by check. */
export const heard = z.object({
  findings: z.array(z.object({ code: z.string().max(100), what: sentence, cure: sentence })).max(MOST),
  fine: z.array(z.string().max(100)).max(MOST),
  unknown: z.record(z.string().max(100), sentence),
});
export type Heard = z.output<typeof heard>;

/** There has to be a way. Rejects when nothing sensible comes in so many ms. */
export function hear(namespace: string, self: NodeAddress, peer: NodeAddress, patienceMs: number): Promise<Heard> {
  return new Promise((resolve, reject) => {
    const fd = tcpConnectIn(namespace, {
      local: { address: self, port: 0 },
      remote: { address: peer, port: ECHO_PORT },
    });
    const socket = new Socket({ fd });
    const timer = setTimeout(
      () => socket.destroy(new Error(`it did not say within ${(patienceMs / 1000).toFixed(1)} s`)),
      patienceMs,
    );
    let text = '';
    socket.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
      if (text.length > MOST_BYTES) socket.destroy(new Error('it says more than doctor would'));
    });
    socket.on('error', (e) => reject(e)).on('close', () => clearTimeout(timer));
    socket.on('end', () => {
      const said = heard.safeParse(parsed(text));
      if (said.success) resolve(said.data);
      else reject(new Error('it does not speak as doctor does; another release may'));
      socket.destroy();
    });
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
