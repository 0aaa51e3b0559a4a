/*
 * Paced UDP packets of given sizes to one or many addresses, and their counter. Lighter than iperf3, which can not mix sizes
 * and stops near 300,000 packets/s here. Packets go out one by one, as they come from a network card, or in trains, as a program
 * that uses UDP_SEGMENT sends them: the kernel carries a train through all of its layers at once.
 *   udp-load send ADDRESS PORT SECONDS PACKETS_PER_SECOND IP_SIZES TARGETS BURST TRAIN
 *       IP_SIZES: 64,64,594 repeated; BURST packets to each of TARGETS addresses in turn, ADDRESS is the first;
 *       up to TRAIN packets of one size to one address leave in one call, 1: one by one
 *   udp-load receive PORT SECONDS       ends after 300 ms without a packet, or SECONDS without any
 * Each prints one line of JSON. Not a latency probe.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#define UDP_GRO 104
#endif

enum { BATCH = 64, MAX_SIZES = 64, MAX_PACKET = 9000, HEADERS = 28, BUFFER_BYTES = 16 << 20, SLOT_NS = 100000, SILENCE_MS = 300 };
enum { TRAIN_BYTES = 65000, MESSAGE_BYTES = 65536 };

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

struct load {
  size_t payloads[MAX_SIZES];
  uint64_t sizes;
  uint32_t first, targets, burst, train;
  uint16_t port;
};

/** What leaves in one call: packets, and where their data and addresses are. */
struct batch {
  struct mmsghdr messages[BATCH];
  struct iovec parts[BATCH];
  struct sockaddr_in to[BATCH];
  uint64_t packets[BATCH];
  union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(uint16_t))];
  } control[BATCH];
};

/** How many packets from this one on go to its address and have its size, at most `limit`. */
static uint64_t train_at(const struct load *load, uint64_t number, uint64_t limit) {
  const size_t payload = load->payloads[number % load->sizes];
  const uint64_t left_to_target = load->targets == 1 ? limit : load->burst - number % load->burst;
  const uint64_t fits = payload == 0 ? 1 : TRAIN_BYTES / payload;
  uint64_t most = limit < load->train ? limit : load->train;
  if (most > left_to_target) most = left_to_target;
  if (most > fits) most = fits;
  uint64_t length = 1;
  while (length < most && load->payloads[(number + length) % load->sizes] == payload) length++;
  return length;
}

/** Fills in packets from `number` on, at most `limit`. Returns the number of messages. */
static unsigned fill(const struct load *load, uint64_t number, uint64_t limit, struct batch *batch) {
  static char data[MESSAGE_BYTES];
  unsigned count = 0;
  for (; count < BATCH && limit > 0; count++) {
    const uint64_t train = train_at(load, number, limit);
    const size_t payload = load->payloads[number % load->sizes];
    struct msghdr *message = &batch->messages[count].msg_hdr;
    batch->to[count] = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(load->port)};
    batch->to[count].sin_addr.s_addr = htonl(load->first + (uint32_t)(number / load->burst % load->targets));
    batch->parts[count] = (struct iovec){data, payload * train};
    batch->packets[count] = train;
    *message = (struct msghdr){.msg_name = &batch->to[count], .msg_namelen = sizeof batch->to[count], .msg_iov = &batch->parts[count], .msg_iovlen = 1};
    if (train > 1) {
      const uint16_t segment = (uint16_t)payload;
      message->msg_control = &batch->control[count];
      message->msg_controllen = sizeof batch->control[count];
      batch->control[count].header = (struct cmsghdr){.cmsg_level = IPPROTO_UDP, .cmsg_type = UDP_SEGMENT, .cmsg_len = CMSG_LEN(sizeof segment)};
      memcpy(CMSG_DATA(&batch->control[count].header), &segment, sizeof segment);
    }
    number += train;
    limit -= train;
  }
  return count;
}

static int send_paced(char **args) {
  static struct batch batch;
  struct load load = {.port = (uint16_t)atoi(args[1]), .targets = (uint32_t)atoi(args[5]), .burst = (uint32_t)atoi(args[6]), .train = (uint32_t)atoi(args[7])};
  struct in_addr first;
  const double seconds = atof(args[2]), rate = atof(args[3]);
  const int fd = udp_socket();
  load.sizes = (uint64_t)parse_sizes(args[4], load.payloads);
  if (inet_pton(AF_INET, args[0], &first) != 1 || load.sizes == 0 || load.targets == 0 || load.burst == 0 || load.train == 0 || rate <= 0)
    return errno = EINVAL, fail("arguments");
  load.first = ntohl(first.s_addr);
  prctl(PR_SET_TIMERSLACK, 1UL);
  uint64_t sent = 0, bytes = 0;
  const double began = now();
  double elapsed = 0;
  for (; elapsed < seconds; elapsed = now() - began) {
    const uint64_t due = (uint64_t)(elapsed * rate);
    /* Behind by more than this: the machine can not send faster. What was offered is counted, not what was asked for. */
    for (int bursts = 0; sent < due && bursts < 16; bursts++) {
      const unsigned count = fill(&load, sent, due - sent < BATCH ? due - sent : BATCH, &batch);
      const int done = sendmmsg(fd, batch.messages, count, 0);
      if (done < 0 && errno != ENOBUFS && errno != EINTR && errno != ECONNREFUSED) return fail("sendmmsg");
      for (int i = 0; i < done; i++) {
        bytes += batch.parts[i].iov_len + HEADERS * batch.packets[i];
        sent += batch.packets[i];
      }
    }
    const struct timespec slot = {0, SLOT_NS};
    clock_nanosleep(CLOCK_MONOTONIC, 0, &slot, NULL);
  }
  printf("{\"packets\":%lu,\"bytes\":%lu,\"seconds\":%.6f}\n", sent, bytes, elapsed);
  return 0;
}

/** Packets that a received message holds: the kernel keeps a train together for those who take it (UDP_GRO). */
static uint64_t packets_in(struct mmsghdr *message) {
  for (struct cmsghdr *item = CMSG_FIRSTHDR(&message->msg_hdr); item != NULL; item = CMSG_NXTHDR(&message->msg_hdr, item)) {
    int segment = 0;
    if (item->cmsg_level != IPPROTO_UDP || item->cmsg_type != UDP_GRO) continue;
    memcpy(&segment, CMSG_DATA(item), sizeof segment);
    if (segment > 0) return (message->msg_len + (unsigned)segment - 1) / (unsigned)segment;
  }
  return 1;
}

static int receive(char **args) {
  static char data[BATCH][MESSAGE_BYTES];
  static union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(int))];
  } control[BATCH];
  struct mmsghdr messages[BATCH];
  struct iovec parts[BATCH];
  const struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(args[0]))};
  const int fd = udp_socket(), one = 1;
  if (setsockopt(fd, IPPROTO_UDP, UDP_GRO, &one, sizeof one) != 0) return fail("UDP_GRO");
  if (bind(fd, (const struct sockaddr *)&any, sizeof any) != 0) return fail("bind");
  printf("ready\n");
  fflush(stdout);
  uint64_t packets = 0, bytes = 0;
  double first = 0, last = 0;
  for (struct pollfd waiting = {fd, POLLIN, 0}; poll(&waiting, 1, packets == 0 ? atoi(args[1]) * 1000 : SILENCE_MS) > 0;) {
    for (int i = 0; i < BATCH; i++) {
      parts[i] = (struct iovec){data[i], MESSAGE_BYTES};
      messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1, .msg_control = &control[i], .msg_controllen = sizeof control[i]};
    }
    const int count = recvmmsg(fd, messages, BATCH, MSG_DONTWAIT, NULL);
    if (count <= 0) continue;
    last = now();
    if (packets == 0) first = last;
    for (int i = 0; i < count; i++) {
      const uint64_t inside = packets_in(&messages[i]);
      packets += inside;
      bytes += messages[i].msg_len + HEADERS * inside;
    }
  }
  printf("{\"packets\":%lu,\"bytes\":%lu,\"seconds\":%.6f}\n", packets, bytes, last - first);
  return 0;
}

int main(int count, char **values) {
  if (count == 10 && strcmp(values[1], "send") == 0) return send_paced(values + 2);
  if (count == 4 && strcmp(values[1], "receive") == 0) return receive(values + 2);
  fprintf(stderr, "usage: udp-load send ADDRESS PORT SECONDS PACKETS_PER_SECOND IP_SIZES TARGETS BURST TRAIN | udp-load receive PORT SECONDS\n");
  return 2;
}
