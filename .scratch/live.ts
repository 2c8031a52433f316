import { execFile } from 'node:child_process';
import { ManagedScene } from '../test/lab/managed-scene.js';
const engine = (process.argv[2] ?? '28.5.2') as never;
const scene = await ManagedScene.boot(engine, { engineOptions: ['--live-restore'] });
try {
  await scene.furnish();
  await scene.bothAnswer(5000);
  const h = scene.lab.host(2);
  const pid = await scene.docker(2, 'inspect --format {{.State.Pid}} keep2');
  for (let round = 0; round < 4; round++) {
    let done = false;
    const fails: string[] = [];
    let n = 0;
    const t0 = Date.now();
    const poll = (async () => {
      while (!done) {
        const t = Date.now() - t0;
        n++;
        await new Promise<void>((r) => {
          const argv = h.host.entered(['nsenter', '--net', '-t', pid, 'busybox', 'nslookup', '-type=a', '-timeout=1', '-retry=1', 'keep1', '127.0.0.11']);
          execFile(argv[0]!, argv.slice(1), (e, out, err) => { if (e) fails.push(`${t}: ${(out + err).replaceAll('\n', ' ').slice(0, 200)}`); r(); });
        });
        await new Promise((r) => setTimeout(r, 50));
      }
    })();
    await new Promise((r) => setTimeout(r, 1000));
    const a = Date.now() - t0;
    await h.engine.restart();
    const b = Date.now() - t0;
    await new Promise((r) => setTimeout(r, 8000));
    done = true;
    await poll;
    console.log(`round ${round}: restart from ${a} to ${b}; ${n} questions, failed: ${fails.length}`, fails);
  }
} finally {
  if (!process.env.KEEP) await scene.lab.down();
}
