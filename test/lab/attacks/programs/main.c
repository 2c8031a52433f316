/* `attack SECONDS WHAT [ARGUMENT …]`: an attack at full speed on what the container it runs in can reach. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "attack.h"

static const struct {
  const char *name, *arguments;
  attack *attack;
} ATTACKS[] = {
    {"arp", "CARD GATEWAY", flood_arp},
    {"nd", "CARD NETWORK GATEWAY", flood_nd},
    {"macs", "CARD PEER-MAC", flood_macs},
    {"udp", "NETWORK", send_datagrams},
    {"tcp", "NETWORK", connect_everywhere},
    {"frag", "NETWORK PEER", send_fragments},
    {"mcast", "CARD 4|6", join_groups},
    {"dns-unknown", "", ask_unknown},
    {"dns-known", "NAME", ask_known},
    {"dns-ladder", "", ask_ladders},
    {"dns-garbage", "", ask_garbage},
    {"dns-pipeline", "NAME", pipeline_questions},
    {"dns-connections", "", hold_connections},
    {"dns-trickle", "NAME", trickle_questions},
    {"addresses", "CARD", churn_addresses},
    {"links", "", churn_links},
    {"flap", "CARD", flap_card},
    {"delete", "CARD", delete_card},
    {"vxlan", "HOST VNI MAC ADDRESS", inject_vxlan},
    {"listen", "PORT", count_datagrams},
    {"burn", "", burn},
};
enum { COUNT = sizeof ATTACKS / sizeof *ATTACKS };

static volatile sig_atomic_t over;
static void end(int signal) {
  (void)signal;
  over = 1;
}
bool attacking(void) { return !over; }

_Noreturn void fail(const char *what) {
  fprintf(stderr, "attack: %s: %s\n", what, strerror(errno));
  exit(1);
}

/* Arguments that an attack asks for. */
static int wanted(const char *arguments) {
  int words = *arguments != '\0';
  for (; *arguments; arguments++) words += *arguments == ' ';
  return words;
}

int main(int count, char **arguments) {
  for (int i = 0; count >= 3 && i < COUNT; i++) {
    if (strcmp(ATTACKS[i].name, arguments[2]) || count - 3 != wanted(ATTACKS[i].arguments)) continue;
    /* No SA_RESTART: who waits in the kernel is to come back. */
    struct sigaction on_time = {.sa_handler = end};
    sigaction(SIGALRM, &on_time, NULL);
    sigaction(SIGTERM, &on_time, NULL);
    signal(SIGPIPE, SIG_IGN);
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    alarm(atoi(arguments[1]));
    printf("struck %lu\n", ATTACKS[i].attack(arguments + 3));
    return 0;
  }
  for (int i = 0; i < COUNT; i++) fprintf(stderr, "attack SECONDS %s %s\n", ATTACKS[i].name, ATTACKS[i].arguments);
  return 2;
}

/* What half a CPU costs the others when it attacks nobody. */
unsigned long burn(char **arguments) {
  (void)arguments;
  unsigned long turns = 0;
  while (attacking()) turns += dice() != 0;
  return turns;
}
