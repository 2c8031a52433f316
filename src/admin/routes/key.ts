/** `POST /v1/key/rotate` */
import { rotateExchange } from '../contract/encryption.js';
import { answering } from './route.js';

export const rotate = answering(rotateExchange, ({ crypt, tenure }) => {
  if (tenure.refusal !== undefined) throw tenure.refusal;
  return { key: crypt.rotate() };
});
