/** What the short way is worth, as figures: requests and answers of one byte, both ends on one CPU, in turn. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { VxlanGuard } from '../../src/kernel/rules/vxlan-guard.js';
import { withNamespace } from '../../src/kernel/system/netns.js';
import { HOST1, HOST2 } from '../unit/model/fixtures.js';
import { run } from './bench.js';
import { makeGuard } from './host-parts.js';
import { accelerate, compiled, ipOf } from './short-way.js';
import { type Container, pings, Site } from './site.js';

const ROUNDS = 3;
const SECONDS = 1;
const SOURCE = `
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
static double now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec + t.tv_nsec / 1e9; }
static double cpu(struct rusage *u) {
	return u->ru_utime.tv_sec + u->ru_stime.tv_sec + (u->ru_utime.tv_usec + u->ru_stime.tv_usec) / 1e6;
}
static void serve(const char *netns, int kind) {
	int one = 1, s;
	char byte;
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(6000)}, from;
	socklen_t length = sizeof(from);
	if (setns(open(netns, O_RDONLY), CLONE_NEWNET)) exit(3);
	s = socket(AF_INET, kind, 0);
	setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(s, (void *)&a, sizeof(a))) exit(4);
	if (kind == SOCK_DGRAM)
		while (recvfrom(s, &byte, 1, 0, (void *)&from, &length) == 1) sendto(s, &byte, 1, 0, (void *)&from, length);
	listen(s, 1);
	s = accept(s, 0, 0);
	setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	while (read(s, &byte, 1) == 1 && write(s, &byte, 1) == 1);
	pause();
}
/* Microseconds of CPU that one transaction takes at both ends: what else the machine does is not in it. */
int main(int argc, char **argv)
{
	int kind = strcmp(argv[1], "tcp") ? SOCK_DGRAM : SOCK_STREAM, s, one = 1;
	char byte = 0;
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(6000)};
	struct timeval patience = {.tv_sec = 2};
	struct rusage client, server;
	pid_t child = fork();
	if (child == 0) serve(argv[2], kind);
	usleep(200000);
	inet_pton(AF_INET, argv[3], &a.sin_addr);
	s = socket(AF_INET, kind, 0);
	setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (connect(s, (void *)&a, sizeof(a))) return 1;
	if (kind == SOCK_STREAM) setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	long count = 0;
	for (double end = now() + atof(argv[4]); now() < end; count++)
		if (write(s, &byte, 1) != 1 || read(s, &byte, 1) != 1) return 2;
	kill(child, SIGTERM);
	wait4(child, 0, 0, &server);
	getrusage(RUSAGE_SELF, &client);
	printf("%.2f\\n", (cpu(&client) + cpu(&server)) / count * 1e6);
	return 0;
}
`;

let site: Site, dir: string, rr: string;
let one: Container, near: Container, far: Container;
const guards: VxlanGuard[] = [];
beforeEach(async () => {
  dir = mkdtempSync(`${tmpdir()}/tsoverlay-rr-`);
  rr = compiled(SOURCE, `${dir}/rr`);
  site = new Site();
  for (const host of site.hosts) {
    await accelerate(site, host);
    const guard = withNamespace(host.path, () => new VxlanGuard(4, 'on', 4789));
    guards.push(guard);
    await makeGuard(guard, [HOST1, HOST2], [256]);
  }
  [one, near, far] = (await site.fill(2, 1)) as [Container, Container, Container];
  for (const to of [near, far]) expect(pings(one, ipOf(to))).toBe(true);
});
afterEach(() => {
  for (const guard of guards.splice(0)) guard.close();
  site.close();
  rmSync(dir, { recursive: true });
});

async function turn(on: boolean): Promise<void> {
  site.acceleration = on ? 'on' : 'off';
  for (const host of site.hosts) {
    if (on) await host.kernel.shortWays.hook('eth0', { vtep: host.vtep, port: 4789 });
    else await host.kernel.shortWays.unhook('eth0');
  }
  await site.converge();
}

/** Microseconds of CPU per transaction. */
const cost = (kind: 'tcp' | 'udp', to: Container): number =>
  Number(run(one.netns, 'taskset', '-c', '0', rr, kind, to.netns, ipOf(to), String(SECONDS)));

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;

test('figures: round trips by the short way and by the ordinary one', async () => {
  const found = new Map<string, number[]>();
  for (let round = 0; round < ROUNDS; round++)
    for (const on of [true, false]) {
      await turn(on);
      for (const [kind, to] of [
        ['tcp', far],
        ['udp', far],
        ['tcp', near],
      ] as const) {
        const what = `${kind} to ${to === far ? 'another host' : 'the same host'} ${on}`;
        found.set(what, [...(found.get(what) ?? []), cost(kind, to)]);
      }
    }
  for (const what of ['tcp to another host', 'udp to another host', 'tcp to the same host']) {
    const [on, off] = [true, false].map((way) => median(found.get(`${what} ${way}`) ?? []));
    expect(Math.min(on ?? 0, off ?? 0)).toBeGreaterThan(0);
    console.log(`${what}: ${on} µs of CPU instead of ${off}, ${((off ?? 0) / (on ?? 1)).toFixed(2)} times as many`);
  }
}, 120_000);
