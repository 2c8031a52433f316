/* DNS messages (RFC 1035), as little of them as an attack needs. */
#include <stdio.h>
#include <string.h>

#include "attack.h"

enum { HEADER = 12 };

struct place resolver(void) { return place_of("127.0.0.11", 53); }

void invent_name(char *name) { sprintf(name, "no%08x.net", dice()); }

size_t write_question(uint8_t *message, const char *name) {
  /* A random id, recursion desired, one question. */
  uint8_t header[HEADER] = {dice(), dice(), 1, 0, 0, 1};
  memcpy(message, header, HEADER);
  size_t at = HEADER;
  for (size_t length; *name; name += length + (name[length] == '.')) {
    length = strcspn(name, ".");
    message[at++] = length;
    memcpy(message + at, name, length);
    at += length;
  }
  memcpy(message + at, "\0\0\1\0\1", 5);
  return at + 5;
}
