/** The engine's resolver in a process of its own: `engine.ts <namespace> …`. It has a lot to do during an attack. */
import { FakeEngine } from '../dns-namespace.js';

for (const namespace of process.argv.slice(2)) new FakeEngine(namespace, 'nft');
process.send?.('ready');
