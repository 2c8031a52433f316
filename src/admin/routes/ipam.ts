/** `POST /v1/ipam/release` */
import { releaseExchange } from '../contract/ipam.js';
import { answering } from './route.js';

/** Whoever asks waits no longer, ms. */
const PATIENCE_MS = 4_000;

export const release = answering(releaseExchange, async ({ containers, tenure }) => {
  if (tenure.refusal !== undefined) throw tenure.refusal;
  await containers.sweep(PATIENCE_MS);
  return {};
});
