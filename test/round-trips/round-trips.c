/*
 * Round trips of one byte between two network namespaces, both ends on the CPU that it is started on:
 *   round-trips tcp|udp <file of the server's namespace> <its IPv4 address> <seconds>
 * It is started in the client's namespace, and prints the microseconds of CPU that one round trip takes at both ends (what
 * else the machine does is not in it), how many there were, and in how many seconds.
 */
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
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
static double now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec + t.tv_nsec / 1e9; }
static double cpu(struct rusage *u) {
	return u->ru_utime.tv_sec + u->ru_stime.tv_sec + (u->ru_utime.tv_usec + u->ru_stime.tv_usec) / 1e6;
}
/* Says so by a byte into `ready` when it can be asked; goes with the client. */
static void serve(const char *netns, int kind, int ready) {
	int one = 1, s;
	char byte;
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(6000)}, from;
	socklen_t length = sizeof(from);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (setns(open(netns, O_RDONLY), CLONE_NEWNET)) exit(3);
	s = socket(AF_INET, kind, 0);
	setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(s, (void *)&a, sizeof(a)) || (kind == SOCK_STREAM && listen(s, 1)) || write(ready, "", 1) != 1) exit(4);
	if (kind == SOCK_DGRAM)
		while (recvfrom(s, &byte, 1, 0, (void *)&from, &length) == 1) sendto(s, &byte, 1, 0, (void *)&from, length);
	s = accept(s, 0, 0);
	setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	while (read(s, &byte, 1) == 1 && write(s, &byte, 1) == 1);
	pause();
}
int main(int argc, char **argv)
{
	int kind = strcmp(argv[1], "tcp") ? SOCK_DGRAM : SOCK_STREAM, s, one = 1;
	char byte = 0;
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(6000)};
	struct timeval patience = {.tv_sec = 2};
	struct rusage client, server;
	int ready[2];
	if (pipe(ready)) return 1;
	pid_t child = fork();
	if (child == 0) serve(argv[2], kind, ready[1]);
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1) return 1;
	inet_pton(AF_INET, argv[3], &a.sin_addr);
	s = socket(AF_INET, kind, 0);
	setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (connect(s, (void *)&a, sizeof(a))) return 1;
	if (kind == SOCK_STREAM) setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	long count = 0;
	double start = now(), end = start + atof(argv[4]);
	for (; now() < end; count++)
		if (write(s, &byte, 1) != 1 || read(s, &byte, 1) != 1) return 2;
	end = now();
	kill(child, SIGTERM);
	wait4(child, 0, 0, &server);
	getrusage(RUSAGE_SELF, &client);
	printf("%.2f %ld %.4f\n", (cpu(&client) + cpu(&server)) / count * 1e6, count, end - start);
	return 0;
}
