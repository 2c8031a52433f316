/** Published ports: the engine's own work on docker_gwbridge, while the container is on our network. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ENGINE_VERSIONS } from '../cache.js';
import { within } from '../waiting.js';
import { OURS, Site } from './site.js';

const SUPPORTED = ENGINE_VERSIONS.filter((v) => v !== '20.10.5');

describe.each(SUPPORTED)('ports on %s', (engine) => {
  let site: Site;
  beforeAll(async () => {
    site = await Site.boot({ engine });
  });
  afterAll(() => site?.lab.down());
  afterEach(() => site.clear());

  const network = () => site.network('one', `${OURS} --subnet 172.16.1.0/24`);
  const url = (host: string, port: string) => `http://${host}:${port}/etc/hostname`;
  /** The name of the container that answers to a port of host 1, as host 2 sees it. */
  const asked = async (port: string) => {
    const get = `exec 3<>/dev/tcp/10.0.0.60/${port}; printf 'GET /etc/hostname HTTP/1.0\\r\\n\\r\\n' >&3; tail -n1 <&3`;
    return (await site.lab.host(2).host.attempt('timeout', '3', 'bash', '-c', get)).stdout;
  };
  const serve = (name: string, options: string, port: string) =>
    site.docker(1, `run -d --name ${name} --hostname ${name} --net one ${options} busybox httpd -f -h / -p ${port}`);

  it('of TCP, one, all exposed and a range, are on the host and in docker ps', async () => {
    await network();
    await serve('web', '-p 8080:80', '80');
    await serve('auto', '--expose 81 -P', '81');
    await serve('range', '-p 9000-9002:82-84', '83');
    expect(await asked('8080')).toBe('web');
    expect(await asked('9001')).toBe('range');
    const port = (await site.docker(1, 'port auto 81/tcp')).split('\n')[0]?.replace(/.*:/, '') ?? '';
    expect(await asked(port)).toBe('auto');
    const shown = await site.docker(1, "ps --format '{{.Names}} {{.Ports}}'");
    expect(shown).toMatch(/web .*0\.0\.0\.0:8080->80\/tcp/);
    expect(shown).toMatch(/range .*0\.0\.0\.0:9001->83\/tcp/);
    await site.run(2, 'far', '--net one');
    expect(await site.ping(2, 'far', 'web')).toBe(true);
    // And straight through the network, where nothing need be published.
    expect(await site.exec(2, 'far', `wget -q -O - ${url('web', '80')}`)).toBe('web');
  });

  it('of UDP reach the container', async () => {
    await network();
    await site.docker(1, 'run -d --name udp1 --net one -p 5201:5201 -p 5201:5201/udp busybox iperf3 -s');
    // iperf3 agrees by TCP and then sends nothing before a UDP answer has come.
    const ask = 'iperf3 -c 10.0.0.60 -u -t 1 -b 1M'.split(' ');
    await within(5_000, 'UDP goes there and back', async () => (await site.lab.host(2).host.attempt(...ask)).ok);
  });

  it('end with the container, and a taken one is refused by the engine', async () => {
    await network();
    await serve('web', '-p 8080:80', '80');
    expect(await site.refusal(1, 'run --rm --net one -p 8080:80 busybox true')).toMatch(/8080.*(already|in use)/);
    await site.docker(1, 'rm -f web');
    expect(await asked('8080')).toBe('');
    expect(await site.lab.consul.keys('tsoverlay/endpoints/')).toEqual([]);
  });
});
