/* What needs no capability at all: datagrams, connections and groups, to whom there is nobody. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "attack.h"

/* Datagrams that wait for a neighbour fill their socket's buffer: a fresh one sends on. */
enum { PER_SOCKET = 64 };
enum { DISCARD = 9 };

static unsigned long send_to(struct place network, const struct place *peer, size_t length) {
  static uint8_t payload[65000];
  unsigned long struck = 0;
  while (attacking()) {
    int udp = socket(network.address.ss_family, SOCK_DGRAM, 0);
    if (udp < 0) fail("a UDP socket");
    for (int i = 0; i < PER_SOCKET && attacking(); i++) {
      struct place to = peer && i % 2 ? *peer : somewhere_in(network);
      struck += sendto(udp, payload, length, MSG_DONTWAIT, (struct sockaddr *)&to.address, to.length) > 0;
    }
    close(udp);
  }
  return struck;
}

unsigned long send_datagrams(char **arguments) { return send_to(place_of(arguments[0], DISCARD), NULL, 8); }

/* Forty fragments and more each, to nobody and to a container on another host. */
unsigned long send_fragments(char **arguments) {
  struct place peer = place_of(arguments[1], DISCARD);
  return send_to(place_of(arguments[0], DISCARD), &peer, 60000);
}

unsigned long connect_everywhere(char **arguments) {
  enum { OPEN = 512 };
  struct place network = place_of(arguments[0], DISCARD);
  int open[OPEN];
  memset(open, -1, sizeof open);
  unsigned long struck = 0;
  for (unsigned long turn = 0; attacking(); turn++) {
    int *tcp = &open[turn % OPEN];
    if (*tcp >= 0) close(*tcp);
    *tcp = socket(network.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (*tcp < 0) fail("a TCP socket");
    struct place to = somewhere_in(network);
    struck += connect(*tcp, (struct sockaddr *)&to.address, to.length) == 0 || errno == EINPROGRESS;
  }
  return struck;
}
