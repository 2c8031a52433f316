/** What arrives on the socket may be anything, and any number: it is served or refused, in bounded memory. */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { record } from './record.js';
import { Scene } from './scene.js';

let scene: Scene;
let path: string;
beforeAll(async () => {
  scene = await Scene.boot({ hosts: 1 });
  await scene.run(1, 'here');
  path = scene.lab.host(1).host.path('/run/docker/plugins/tsoverlay.sock');
});
afterAll(() => scene?.down());

const rssMb = () => {
  const pid = scene.lab.host(1).host.process('tsoverlay')?.pid;
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024);
};

const call = (method: string, body: string | Buffer, agent?: Agent): Promise<{ status: number; text: string }> =>
  new Promise((resolve) => {
    const asked = request(
      { socketPath: path, path: `/${method}`, method: 'POST', ...(agent ? { agent } : {}) },
      async (answer) => {
        let text = '';
        for await (const chunk of answer.setEncoding('utf8')) text += String(chunk);
        resolve({ status: answer.statusCode ?? 0, text });
      },
    );
    asked.on('error', () => resolve({ status: 0, text: '' }));
    asked.end(body);
  });

it('malformed and oversized bodies are refused with a sentence', async () => {
  const bodies = [
    '{',
    '[]',
    '"text"',
    'null',
    '{"NetworkID":1}',
    '{"NetworkID":"../../etc"}',
    Buffer.alloc(64, 0xff),
    '{"a":'.repeat(50_000),
    'x'.repeat(3_000_000),
  ];
  const methods = [
    'NetworkDriver.Join',
    'NetworkDriver.CreateNetwork',
    'IpamDriver.RequestAddress',
    'NetworkDriver.DeleteEndpoint',
  ];
  for (const method of methods)
    for (const body of bodies) {
      const { status, text } = await call(method, body);
      // A body beyond the limit may see its connection closed before it is all sent.
      if (status !== 0)
        expect(`${status} ${text}`, `${method} ${String(body).slice(0, 40)}`).toMatch(/^(500|404) .*Err|^200 /);
    }
  expect((await call('Plugin.Activate', '')).status).toBe(200);
  expect(await scene.pings(1, 'here', 'here')).toBe(true);
  await record(
    'malformed and oversized bodies',
    `${bodies.length * methods.length} calls, each answered, refused with a sentence, or cut off beyond the size limit; the plugin lives`,
  );
});

it('10,000 calls over 500 connections, and clients that never finish', async () => {
  const before = rssMb();
  const slow = Array.from({ length: 200 }, () => connect(path).on('error', () => {}));
  for (const client of slow)
    client.write('POST /NetworkDriver.Join HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{');
  const agent = new Agent({ keepAlive: true, maxSockets: 500 });
  const start = Date.now();
  const answers = await Promise.all(
    Array.from({ length: 10_000 }, (_, n) =>
      n % 2 === 0
        ? call('NetworkDriver.GetCapabilities', '', agent)
        : call(
            'NetworkDriver.EndpointOperInfo',
            JSON.stringify({ NetworkID: 'a'.repeat(64), EndpointID: String(n).padStart(64, '0') }),
            agent,
          ),
    ),
  );
  const seconds = (Date.now() - start) / 1000;
  agent.destroy();
  const unanswered = answers.filter((a) => a.status === 0).length;
  const peak = rssMb();
  expect(unanswered).toBe(0);
  expect(peak - before).toBeLessThan(200);
  await scene.docker(1, 'run', '--rm', '--net', 'one', 'busybox', 'true');
  for (const client of slow) client.destroy();
  await record(
    '10,000 driver calls over 500 connections, 200 clients that never finish',
    `all answered in ${seconds.toFixed(1)} s; memory from ${before} to ${peak} MB; a container starts while the 200 still hang`,
  );
});
