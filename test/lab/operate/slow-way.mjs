/** Passes TCP on from a port of loopback to a host, each piece 600 ms later: `node slow-way.mjs 8501 10.0.0.60 8500`. */
import { connect, createServer } from 'node:net';

const [, , port, host, to] = process.argv;
const LATE_MS = 600;

createServer((client) => {
  const server = connect(Number(to), host);
  client.on('data', (piece) => setTimeout(() => server.write(piece), LATE_MS)).on('error', () => server.destroy());
  server.on('data', (piece) => client.write(piece)).on('error', () => client.destroy());
  client.on('close', () => server.destroy());
  server.on('close', () => client.destroy());
}).listen(Number(port), '127.0.0.1');
