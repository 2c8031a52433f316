/** `GET /v1/differences` */
import { differencesExchange } from '../contract/differences.js';
import { answering } from './route.js';

export const differences = answering(differencesExchange, ({ inspection }) => inspection.look());
