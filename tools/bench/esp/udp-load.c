/*
 * Paced UDP packets of given sizes to one or many addresses, and their counter. Lighter than iperf3, which can not mix sizes
 * and stops near 300,000 packets/s here. Packets go out one by one (no UDP_SEGMENT), as they come from a network card.
 *   udp-load send ADDRESS PORT SECONDS PACKETS_PER_SECOND IP_SIZES TARGETS BURST
 *       IP_SIZES: 64,64,594 repeated; BURST packets to each of TARGETS addresses in turn, ADDRESS is the first
 *   udp-load receive PORT SECONDS       ends after 300 ms without a packet, or SECONDS without any
 * Each prints one line of JSON. Not a latency probe.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>

enum { BATCH = 64, MAX_SIZES = 64, MAX_PACKET = 9000, HEADERS = 28, BUFFER_BYTES = 16 << 20, SLOT_NS = 100000, SILENCE_MS = 300 };

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int fail(const char *what) {
  fprintf(stderr, "udp-load: %s: %s\n", what, strerror(errno));
  return 1;
}

static int udp_socket(void) {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), bytes = BUFFER_BYTES;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes);
  return fd;
}

static int parse_sizes(char *text, size_t *payloads) {
  int count = 0;
  for (char *word = strtok(text, ","); word != NULL && count < MAX_SIZES; word = strtok(NULL, ",")) {
    const int size = atoi(word);
    if (size < HEADERS || size > MAX_PACKET) return 0;
    payloads[count++] = (size_t)(size - HEADERS);
  }
  return count;
}

static int send_paced(char **args) {
  static char data[MAX_PACKET];
  struct mmsghdr messages[BATCH];
  struct iovec parts[BATCH];
  struct sockaddr_in to[BATCH];
  size_t payloads[MAX_SIZES];
  struct in_addr first;
  const double seconds = atof(args[2]), rate = atof(args[3]);
  const int sizes = parse_sizes(args[4], payloads), fd = udp_socket();
  const uint32_t targets = (uint32_t)atoi(args[5]), burst = (uint32_t)atoi(args[6]);
  if (inet_pton(AF_INET, args[0], &first) != 1 || sizes == 0 || targets == 0 || burst == 0 || rate <= 0) return errno = EINVAL, fail("arguments");
  prctl(PR_SET_TIMERSLACK, 1UL);
  uint64_t sent = 0, bytes = 0;
  const double began = now();
  double elapsed = 0;
  for (; elapsed < seconds; elapsed = now() - began) {
    const uint64_t due = (uint64_t)(elapsed * rate);
    /* Behind by more than this: the machine can not send faster. What was offered is counted, not what was asked for. */
    for (int bursts = 0; sent < due && bursts < 16; bursts++) {
      const int count = due - sent < BATCH ? (int)(due - sent) : BATCH;
      for (int i = 0; i < count; i++) {
        const uint64_t number = sent + (uint64_t)i;
        to[i] = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(args[1]))};
        to[i].sin_addr.s_addr = htonl(ntohl(first.s_addr) + (uint32_t)(number / burst % targets));
        parts[i] = (struct iovec){data, payloads[number % (uint64_t)sizes]};
        messages[i].msg_hdr = (struct msghdr){.msg_name = &to[i], .msg_namelen = sizeof to[i], .msg_iov = &parts[i], .msg_iovlen = 1};
      }
      const int done = sendmmsg(fd, messages, (unsigned)count, 0);
      if (done < 0 && errno != ENOBUFS && errno != EINTR && errno != ECONNREFUSED) return fail("sendmmsg");
      for (int i = 0; i < done; i++) bytes += parts[i].iov_len + HEADERS;
      if (done > 0) sent += (uint64_t)done;
    }
    const struct timespec slot = {0, SLOT_NS};
    clock_nanosleep(CLOCK_MONOTONIC, 0, &slot, NULL);
  }
  printf("{\"packets\":%lu,\"bytes\":%lu,\"seconds\":%.6f}\n", sent, bytes, elapsed);
  return 0;
}

static int receive(char **args) {
  static char data[BATCH][MAX_PACKET];
  struct mmsghdr messages[BATCH];
  struct iovec parts[BATCH];
  const struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(args[0]))};
  const int fd = udp_socket();
  if (bind(fd, (const struct sockaddr *)&any, sizeof any) != 0) return fail("bind");
  printf("ready\n");
  fflush(stdout);
  uint64_t packets = 0, bytes = 0;
  double first = 0, last = 0;
  for (struct pollfd waiting = {fd, POLLIN, 0}; poll(&waiting, 1, packets == 0 ? atoi(args[1]) * 1000 : SILENCE_MS) > 0;) {
    for (int i = 0; i < BATCH; i++) {
      parts[i] = (struct iovec){data[i], MAX_PACKET};
      messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
    }
    const int count = recvmmsg(fd, messages, BATCH, MSG_DONTWAIT, NULL);
    if (count <= 0) continue;
    last = now();
    if (packets == 0) first = last;
    packets += (uint64_t)count;
    for (int i = 0; i < count; i++) bytes += messages[i].msg_len + HEADERS;
  }
  printf("{\"packets\":%lu,\"bytes\":%lu,\"seconds\":%.6f}\n", packets, bytes, last - first);
  return 0;
}

int main(int count, char **values) {
  if (count == 9 && strcmp(values[1], "send") == 0) return send_paced(values + 2);
  if (count == 4 && strcmp(values[1], "receive") == 0) return receive(values + 2);
  fprintf(stderr, "usage: udp-load send ADDRESS PORT SECONDS PACKETS_PER_SECOND IP_SIZES TARGETS BURST | udp-load receive PORT SECONDS\n");
  return 2;
}
