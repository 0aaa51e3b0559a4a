/**
 * What every kind of bad request is answered with, by the kernel and by this engine. `--kernel` asks the running kernel (a
 * NETLINK_XFRM socket, root) and prints where the table is wrong: run it on a kernel that has ESP.
 */
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "xfrm_errno_cases.h"

using namespace requests;

namespace {

/** Errno and text of an acknowledgement, nothing for any other message. */
std::optional<Answer> answer_of(const NetlinkMessage& message) {
  if (message.header.nlmsg_type != NLMSG_ERROR) return std::nullopt;
  const auto fixed = message.fixed<nlmsgerr>();
  Answer answer{-fixed.error, ""};
  if (!message.has(NLM_F_ACK_TLVS)) return answer;
  const size_t echoed = message.has(NLM_F_CAPPED) ? 0 : fixed.msg.nlmsg_len - sizeof(nlmsghdr);
  Bytes rest = message.payload.subspan(NLMSG_ALIGN(sizeof(nlmsgerr) + echoed));
  while (rest.size() >= sizeof(rtattr)) {
    const auto header = load_raw<rtattr>(rest.data());
    if (header.rta_type == NLMSGERR_ATTR_MSG) answer.said = reinterpret_cast<const char*>(rest.data() + sizeof header);
    rest = rest.subspan(std::min<size_t>(RTA_ALIGN(header.rta_len), rest.size()));
  }
  return answer;
}

class KernelSocket {
 public:
  KernelSocket() : fd_(::socket(AF_NETLINK, SOCK_RAW, NETLINK_XFRM)) {
    const int on = 1;
    const sockaddr_nl kernel{AF_NETLINK, 0, 0, 0};
    if (fd_ < 0 || ::setsockopt(fd_, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on) != 0 ||
        ::connect(fd_, reinterpret_cast<const sockaddr*>(&kernel), sizeof kernel) != 0) {
      perror("NETLINK_XFRM");
      _exit(1);
    }
  }
  ~KernelSocket() { ::close(fd_); }

  Answer ask(const std::vector<uint8_t>& message) const {
    uint8_t buffer[32'768];
    if (::send(fd_, message.data(), message.size(), 0) < 0) return {errno, "send"};
    for (;;) {
      const ssize_t size = ::recv(fd_, buffer, sizeof buffer, 0);
      if (size < 0) return {errno, "recv"};
      Bytes rest{buffer, static_cast<size_t>(size)};
      while (const auto reply = next_message(rest))
        if (const auto answer = answer_of(*reply)) return *answer;
    }
  }

 private:
  int fd_;
};

int ask_kernel() {
  const KernelSocket kernel;
  int wrong = 0;
  for (const ErrnoCase& each : errno_cases()) {
    kernel.ask(plain(XFRM_MSG_FLUSHSA, xfrm_usersa_flush{0}));
    kernel.ask(MessageWriter(XFRM_MSG_FLUSHPOLICY, NLM_F_REQUEST | NLM_F_ACK, 1, 0).finish());
    for (const auto& before : each.before)
      if (const Answer answer = kernel.ask(before); answer.error != 0) printf("%s: set-up refused: %d %s\n", each.name, answer.error, answer.said.c_str());
    const Answer answer = kernel.ask(each.message);
    if (answer == each.kernel) continue;
    wrong += 1;
    printf("%s | %s | %s\n", each.name, answer.error == 0 ? "0" : strerrorname_np(answer.error), answer.said.c_str());
  }
  printf("%zu requests, %d answered otherwise than the table says\n", errno_cases().size(), wrong);
  return wrong == 0 ? 0 : 1;
}

/** The same on this engine. */
Answer ask_engine(const ErrnoCase& each) {
  DataPlane plane{1};
  XfrmService service{plane};
  RecordingPeer peer;
  peer.wants_extended_acks = true;
  service.add_peer(peer);
  for (const auto& before : each.before) {
    peer.clear();
    service.handle(peer, before);
    if (peer.last_error != 0) fprintf(stderr, "%s: set-up refused: %d\n", each.name, peer.last_error);
  }
  peer.clear();
  service.handle(peer, each.message);
  plane.stop();
  for (const auto& sent : peer.messages) {
    Bytes rest = sent;
    if (const auto answer = answer_of(*next_message(rest))) return *answer;
  }
  return {-1, "no acknowledgement"};
}

}  // namespace

TEST(answers_are_the_kernels_but_where_stricter) {
  silence_log();
  for (const ErrnoCase& each : errno_cases()) {
    const Answer wanted = each.ours.value_or(each.kernel), got = ask_engine(each);
    if (got == wanted) continue;
    fprintf(stderr, "%s: %d \"%s\" instead of %d \"%s\"\n", each.name, got.error, got.said.c_str(), wanted.error, wanted.said.c_str());
    check::failures += 1;
  }
}

int main(int count, char** values) {
  if (count == 2 && std::string_view(values[1]) == "--kernel") return ask_kernel();
  return check::run_all();
}
