/* Random numbers, addresses and cards. */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "attack.h"

/* xorshift32: the attack is to spend its time in the kernel. */
uint32_t dice(void) {
  static uint32_t state;
  if (state == 0) state = (uint32_t)getpid() * 2654435761u | 1;
  state ^= state << 13;
  state ^= state >> 17;
  return state ^= state << 5;
}

void fill_randomly(void *bytes, size_t length) {
  for (uint8_t *at = bytes; length > 0; length--) *at++ = dice() >> 8;
}

struct place place_of(const char *text, uint16_t port) {
  struct place place = {.length = sizeof(struct sockaddr_in)};
  struct sockaddr_in *v4 = (struct sockaddr_in *)&place.address;
  struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&place.address;
  if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    return place;
  }
  place.length = sizeof *v6;
  if (inet_pton(AF_INET6, text, &v6->sin6_addr) != 1) {
    errno = EINVAL;
    fail(text);
  }
  v6->sin6_family = AF_INET6;
  v6->sin6_port = htons(port);
  return place;
}

struct place somewhere_in(struct place network) {
  struct sockaddr_in *v4 = (struct sockaddr_in *)&network.address;
  struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&network.address;
  if (network.address.ss_family == AF_INET) v4->sin_addr.s_addr |= htonl(dice() & 0xffff);
  else fill_randomly(v6->sin6_addr.s6_addr + 8, 8);
  return network;
}

struct card card_of(const char *name) {
  struct card card;
  struct ifreq request = {0};
  strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  int any = socket(AF_INET, SOCK_DGRAM, 0);
  if (ioctl(any, SIOCGIFINDEX, &request)) fail(name);
  card.index = request.ifr_ifindex;
  if (ioctl(any, SIOCGIFHWADDR, &request)) fail(name);
  memcpy(card.mac, request.ifr_hwaddr.sa_data, sizeof card.mac);
  /* A card may be IPv6's alone. */
  card.address.s_addr = 0;
  if (ioctl(any, SIOCGIFADDR, &request) == 0)
    card.address = ((struct sockaddr_in *)&request.ifr_addr)->sin_addr;
  close(any);
  return card;
}

void read_mac(const char *text, uint8_t mac[6]) {
  if (sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", mac, mac + 1, mac + 2, mac + 3, mac + 4, mac + 5) == 6) return;
  errno = EINVAL;
  fail(text);
}
