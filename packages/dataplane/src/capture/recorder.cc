/** The writer's loop and its files; publishing to packet threads. */
#include "capture/recorder.h"

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <ctime>
#include <system_error>

#include "base/clock.h"
#include "base/log.h"
#include "capture/pcapng.h"

namespace xfrmd {
namespace {

constexpr size_t kLongestPacket = 65'536;
constexpr size_t kWriteBytes = 256 * 1024;
// Between looks at empty rings: far shorter than they take to fill, long enough to cost nothing.
constexpr std::chrono::milliseconds kPause(5);
// A file never ends in the middle of its last words.
constexpr uint64_t kRoomForEnd = 64;

}  // namespace

CaptureWriter::CaptureWriter(const std::string& folder, std::shared_ptr<Capture> capture, const std::function<void()>& confine)
    : capture_(std::move(capture)), packet_(std::make_unique_for_overwrite<uint8_t[]>(kLongestPacket)) {
  const CaptureSettings& settings = capture_->settings;
  for (uint32_t i = 0; i < settings.files; i++) {
    std::string path = folder + "/" + settings.name + (settings.files == 1 ? "" : "-" + std::to_string(i)) + ".pcapng";
    Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file) throw std::system_error(errno, std::generic_category(), path);
    paths_.push_back(std::move(path));
    files_.push_back(std::move(file));
  }
  begin_file(0);
  thread_ = std::jthread([this, confine] {
    confine();
    run();
  });
}

CaptureWriter::Progress CaptureWriter::progress() const {
  return {packets_.get(), bytes_.get(), capture_->dropped() + missed_.get(), is_full_.load(), error_.load()};
}

void CaptureWriter::finish() {
  if (!thread_.joinable()) return;
  is_finishing_.store(true, std::memory_order_release);
  thread_.join();
}

void CaptureWriter::run() {
  for (;;) {
    const bool is_last = is_finishing_.load(std::memory_order_acquire);
    if (!drain()) {
      if (is_last) break;
      std::this_thread::sleep_for(kPause);
    }
  }
  if (error_.load(std::memory_order_relaxed) != 0) return;
  write(Pcapng::end(wall_nanoseconds(), packets_.get() + capture_->dropped() + missed_.get(), capture_->dropped() + missed_.get()));
}

/** The oldest packet of all rings, then the next, so that the threads' packets are in order. False when there was nothing. */
bool CaptureWriter::drain() {
  bool found = false;
  while (pending_.size() < kWriteBytes) {
    uint64_t oldest = UINT64_MAX;
    CaptureRing* from = nullptr;
    for (size_t i = 0; i < capture_->producers(); i++) {
      const uint64_t when = capture_->ring(i).oldest();
      if (when < oldest) oldest = when, from = &capture_->ring(i);
    }
    if (from == nullptr) break;
    found = true;
    from->pop({packet_.get(), kLongestPacket}, [&](const CaptureRing::Record& record, std::span<const uint8_t> bytes) { store(record, bytes); });
  }
  if (!pending_.empty() && !is_over()) write(std::exchange(pending_, {}));
  return found;
}

void CaptureWriter::store(const CaptureRing::Record& record, std::span<const uint8_t> bytes) {
  if (is_over()) return missed_.add(1);
  const uint64_t room = capture_->settings.max_bytes / capture_->settings.files - kRoomForEnd;
  std::vector<uint8_t> packet;
  Pcapng::add_packet(packet, record, bytes);
  if (offset_ + pending_.size() + packet.size() > room) {
    write(std::exchange(pending_, {}));
    if (files_.size() == 1) {
      is_full_.store(true, std::memory_order_relaxed);
      return missed_.add(1);
    }
    begin_file((current_ + 1) % files_.size());
  }
  pending_.insert(pending_.end(), packet.begin(), packet.end());
  packets_.add(1);
}

void CaptureWriter::begin_file(size_t index) {
  current_ = index;
  offset_ = 0;
  if (::ftruncate(files_[current_].get(), 0) != 0) error_.store(errno, std::memory_order_relaxed);
  const CaptureSettings& settings = capture_->settings;
  write(Pcapng::start(settings.side == CaptureSide::Inner ? "inner" : "outer", settings.snap_length));
}

void CaptureWriter::write(std::span<const uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(files_[current_].get(), bytes.data(), bytes.size(), static_cast<off_t>(offset_));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return error_.store(written < 0 ? errno : ENOSPC, std::memory_order_relaxed);
    offset_ += static_cast<uint64_t>(written);
    bytes_.add(static_cast<uint64_t>(written));
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
}

Recorder::~Recorder() {
  while (!running_.empty()) stop(running_.begin()->first);
}

const CaptureWriter& Recorder::start(CaptureSettings settings) {
  if (running_.contains(settings.name)) throw std::system_error(EEXIST, std::generic_category(), "capture " + settings.name);
  if (running_.size() >= kMaxCaptures) throw std::system_error(EMFILE, std::generic_category(), std::to_string(kMaxCaptures) + " captures run already");
  const std::string name = settings.name;
  auto capture = std::make_shared<Capture>(std::move(settings), tables_.captures().producers());
  const auto& started = running_.emplace(name, std::make_unique<CaptureWriter>(folder_, std::move(capture), confine_)).first->second;
  publish();
  log_info("capture %s begins", name.c_str());
  return *started;
}

std::unique_ptr<CaptureWriter> Recorder::stop(std::string name) {
  const auto found = running_.find(name);
  if (found == running_.end()) return nullptr;
  std::unique_ptr<CaptureWriter> stopped = std::move(found->second);
  running_.erase(found);
  publish();
  tables_.epoch().synchronize();
  stopped->finish();
  log_info("capture %s ends: %lu packets, %lu lost", name.c_str(), stopped->progress().packets, stopped->progress().dropped);
  return stopped;
}

void Recorder::publish() {
  auto list = std::make_shared<CaptureList>();
  for (const auto& [name, writer] : running_) list->push_back(writer->capture());
  tables_.publish_captures(list->empty() ? nullptr : std::move(list));
}

}  // namespace xfrmd
