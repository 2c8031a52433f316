/*
 * `ask SECONDS PER-SECOND NAME`: asks 127.0.0.11 for the IPv4 address of a name at a steady pace, whether or not
 * answers come, and prints how long they took, in microseconds. What has no answer after a second counts as a second.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "attack.h"

enum { SECOND = 1000000, MOST = 0x10000 };

/* A question's number is its DNS id. */
static unsigned long asked_at[MOST], took[MOST];

static unsigned long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (unsigned long)time.tv_sec * SECOND + time.tv_nsec / 1000;
}

_Noreturn void fail(const char *what) {
  fprintf(stderr, "ask: %s: %s\n", what, strerror(errno));
  exit(1);
}

static int by_size(const void *a, const void *b) {
  unsigned long x = *(const unsigned long *)a, y = *(const unsigned long *)b;
  return (x > y) - (x < y);
}

/* An answer with an address, or anything else: 0. */
static bool is_right(const uint8_t *answer, ssize_t length) {
  return length > 12 && (answer[3] & 15) == 0 && (answer[6] || answer[7]);
}

int main(int count, char **arguments) {
  if (count != 4) return fprintf(stderr, "ask SECONDS PER-SECOND NAME\n"), 2;
  unsigned long pause = SECOND / atoi(arguments[2]), number = 0, right = 0, wrong = 0;
  unsigned long total = (unsigned long)atoi(arguments[1]) * atoi(arguments[2]);
  if (total > MOST) return fprintf(stderr, "ask: 65536 questions at most\n"), 2;
  uint8_t message[1500];
  struct place to = resolver();
  int udp = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  if (connect(udp, (struct sockaddr *)&to.address, to.length)) fail("the resolver");
  unsigned long start = now();
  while (number < total || now() < asked_at[total - 1] + SECOND) {
    if (number < total && now() >= start + number * pause) {
      size_t length = write_question(message, arguments[3]);
      message[0] = number >> 8;
      message[1] = number;
      asked_at[number] = now();
      took[number++] = SECOND;
      if (send(udp, message, length, 0) < 0) wrong++;
      continue;
    }
    if (number == total && right + wrong >= total) break;
    unsigned long next = number < total ? start + number * pause : asked_at[total - 1] + SECOND, time = now();
    unsigned long wait = next > time ? next - time : 0;
    struct timespec left = {wait / SECOND, wait % SECOND * 1000};
    struct pollfd one = {udp, POLLIN, 0};
    ppoll(&one, 1, &left, NULL);
    for (ssize_t length; (length = recv(udp, message, sizeof message, 0)) > 1;) {
      unsigned id = message[0] << 8 | message[1];
      if (id >= number || took[id] != SECOND) continue;
      if (is_right(message, length)) took[id] = now() - asked_at[id], right++;
      else wrong++;
    }
  }
  qsort(took, total, sizeof *took, by_size);
  printf("asked %lu right %lu p50 %lu p99 %lu max %lu\n", total, right, took[total / 2], took[total * 99 / 100],
         took[total - 1]);
  return 0;
}
