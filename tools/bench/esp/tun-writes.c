/*
 * What the kernel alone asks for packets that go to many TUNs in turn: TUNs with xfrmd's options, one write for each packet, no
 * tunnel protocol and no encryption. The floor under xfrmd's cost of receiving where nothing can be coalesced.
 *   tun-writes TUNS SOURCE FIRST_DESTINATION PORT SECONDS PACKETS_PER_SECOND IP_SIZE
 *       packet n goes into TUN n % TUNS, from SOURCE to the address that many after FIRST_DESTINATION
 * Makes the TUNs in its network namespace; they stay until it goes. Prints one line of JSON with the processor time of the writes.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { MOST_TUNS = 4096, VIRTIO_HEADER = 10, IP_HEADER = 20, UDP_HEADER = 8, MOST_BYTES = 1500, SLOT_NS = 100000, MOST_AT_ONCE = 1024 };

static double seconds_of(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int fail(const char *what) {
  fprintf(stderr, "tun-writes: %s: %s\n", what, strerror(errno));
  return 1;
}

static int open_tun(int number, int control) {
  struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR};
  const int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK), header = VIRTIO_HEADER;
  snprintf(request.ifr_name, sizeof request.ifr_name, "bare%d", number);
  if (fd < 0 || ioctl(fd, TUNSETIFF, &request) != 0 || ioctl(fd, TUNSETVNETHDRSZ, &header) != 0) return -1;
  /* Persistent: a thousand that are closed one by one take a quarter of a minute, a namespace that goes takes them all at once. */
  if (ioctl(fd, TUNSETPERSIST, 1) != 0 || ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6) != 0) return -1;
  if (ioctl(control, SIOCGIFFLAGS, &request) != 0) return -1;
  request.ifr_flags |= IFF_UP | IFF_RUNNING;
  return ioctl(control, SIOCSIFFLAGS, &request) == 0 ? fd : -1;
}

static uint16_t ip_checksum(const uint8_t *header) {
  uint32_t sum = 0;
  for (int i = 0; i < IP_HEADER; i += 2) sum += (uint32_t)(header[i] << 8 | header[i + 1]);
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return (uint16_t)~sum;
}

static void put16(uint8_t *at, unsigned value) {
  at[0] = (uint8_t)(value >> 8);
  at[1] = (uint8_t)value;
}

/** UDP without its checksum, which IPv4 allows. */
static void set_destination(uint8_t *packet, uint32_t address) {
  const uint32_t wire = htonl(address);
  memcpy(packet + 16, &wire, sizeof wire);
  put16(packet + 10, 0);
  put16(packet + 10, ip_checksum(packet));
}

int main(int count, char **values) {
  static uint8_t packet[MOST_BYTES];
  static int fds[MOST_TUNS];
  if (count != 8) return fprintf(stderr, "usage: tun-writes TUNS SOURCE FIRST_DESTINATION PORT SECONDS PACKETS_PER_SECOND IP_SIZE\n"), 2;
  const int tuns = atoi(values[1]), size = atoi(values[7]), control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const double seconds = atof(values[5]), rate = atof(values[6]);
  const struct rlimit many = {2 * MOST_TUNS, 2 * MOST_TUNS};
  struct in_addr first;
  if (tuns < 1 || tuns > MOST_TUNS || size < IP_HEADER + UDP_HEADER || size > MOST_BYTES || inet_pton(AF_INET, values[2], packet + 12) != 1 ||
      inet_pton(AF_INET, values[3], &first) != 1)
    return errno = EINVAL, fail("arguments");
  setrlimit(RLIMIT_NOFILE, &many);
  for (int i = 0; i < tuns; i++)
    if ((fds[i] = open_tun(i, control)) < 0) return fail("TUN");
  packet[0] = 0x45;
  packet[8] = 64;
  packet[9] = IPPROTO_UDP;
  put16(packet + 2, (unsigned)size);
  put16(packet + IP_HEADER + 2, (unsigned)atoi(values[4]));
  put16(packet + IP_HEADER + 4, (unsigned)(size - IP_HEADER));
  prctl(PR_SET_TIMERSLACK, 1UL);
  uint8_t none[VIRTIO_HEADER] = {0};
  const struct iovec parts[] = {{none, sizeof none}, {packet, (size_t)size}};
  uint64_t sent = 0;
  const double began = seconds_of(CLOCK_MONOTONIC), used_before = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
  for (double elapsed = 0; elapsed < seconds; elapsed = seconds_of(CLOCK_MONOTONIC) - began) {
    const uint64_t due = (uint64_t)(elapsed * rate);
    for (int i = 0; sent < due && i < MOST_AT_ONCE; i++, sent++) {
      set_destination(packet, ntohl(first.s_addr) + (uint32_t)(sent % (uint64_t)tuns));
      if (writev(fds[sent % (uint64_t)tuns], parts, 2) < 0) return fail("writev");
    }
    const struct timespec slot = {0, SLOT_NS};
    clock_nanosleep(CLOCK_MONOTONIC, 0, &slot, NULL);
  }
  const double used = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - used_before;
  printf("{\"packets\":%lu,\"bytes\":%lu,\"seconds\":%.6f}\n", sent, sent * (uint64_t)size, used);
  return 0;
}
