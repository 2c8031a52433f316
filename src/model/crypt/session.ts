/** How long what two hosts have agreed on lives. Pure. */
import type { ObservedPeer } from './steps.js';

/** As long as a session lives without a handshake (REJECT_AFTER_TIME of WireGuard), ms. */
const SESSION_MS = 180_000;

/** By a wall clock that may have been set: what lies ahead is of no use. */
export const hasSession = ({ handshake }: Pick<ObservedPeer, 'handshake'>, now: number): boolean =>
  handshake !== undefined && handshake <= now && now - handshake < SESSION_MS;
