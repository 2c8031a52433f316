/* What the attacks share. Each one strikes until its time is over and returns how often it did. */
#ifndef ATTACK_H
#define ATTACK_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* The arguments after the attack's name. */
typedef unsigned long attack(char **arguments);

attack flood_arp, flood_nd, flood_macs;
attack send_datagrams, send_fragments, connect_everywhere;
attack join_groups;
attack ask_unknown, ask_known, ask_ladders, ask_garbage;
attack pipeline_questions, hold_connections, trickle_questions;
attack churn_addresses, churn_links, flap_card, delete_card;
attack inject_vxlan, count_datagrams, burn;

/* True until the time is over; a call into the kernel that waits is interrupted then. */
bool attacking(void);

/* 32 random bits. */
uint32_t dice(void);
void fill_randomly(void *bytes, size_t length);

_Noreturn void fail(const char *what);

/* Any address family; ends the program when the text is none. */
struct place {
  struct sockaddr_storage address;
  socklen_t length;
};
struct place place_of(const char *text, uint16_t port);

/* The network with its host part random: the lower 16 bits of IPv4, the lower 64 of IPv6. */
struct place somewhere_in(struct place network);

struct card {
  int index;
  uint8_t mac[6];
  struct in_addr address;
};
struct card card_of(const char *name);

/* A MAC address in colon hex, e.g. 02:42:ac:15:00:01. */
void read_mac(const char *text, uint8_t mac[6]);

/* The engine's resolver, as every container finds it. */
struct place resolver(void);
/* A message with one question of type A; returns its length. `name` has dots between labels. */
size_t write_question(uint8_t *message, const char *name);
/* A name that nobody has; 16 bytes at least. */
void invent_name(char *name);

#endif
