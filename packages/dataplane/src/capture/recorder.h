/**
 * Captures from start to end: makes the files, runs a thread that empties the rings into them, and stops it. Used by the control
 * thread; a slow disk keeps the capture's own thread, and packets that find no room meanwhile are counted.
 */
#pragma once
#include <map>
#include <thread>

#include "base/fd.h"
#include "capture/capture.h"
#include "engine/tables.h"

namespace xfrmd {

/** One capture's files and the thread that writes them. */
class CaptureWriter {
 public:
  /** `confine` is called first in the thread. @throws std::system_error, EEXIST when there is such a file */
  CaptureWriter(const std::string& folder, std::shared_ptr<Capture> capture, const std::function<void()>& confine);
  ~CaptureWriter() { finish(); }

  struct Progress {
    uint64_t packets = 0, bytes = 0;  // in the files, those written over included
    uint64_t dropped = 0;
    bool is_full = false;  // the only file reached its size
    int error = 0;         // errno of the write that ended it
  };
  Progress progress() const;
  /** Writes what is in the rings and ends the thread. Nobody may offer any more. */
  void finish();

  const std::shared_ptr<Capture>& capture() const { return capture_; }
  const std::vector<std::string>& paths() const { return paths_; }

 private:
  void run();
  bool drain();
  void store(const CaptureRing::Record& record, std::span<const uint8_t> bytes);
  void write(std::span<const uint8_t> bytes);
  void begin_file(size_t index);
  bool is_over() const { return is_full_.load(std::memory_order_relaxed) || error_.load(std::memory_order_relaxed) != 0; }

  const std::shared_ptr<Capture> capture_;
  std::vector<std::string> paths_;
  std::vector<Fd> files_;
  size_t current_ = 0;
  uint64_t offset_ = 0;
  std::vector<uint8_t> pending_;
  std::unique_ptr<uint8_t[]> packet_;
  Counter packets_, bytes_, missed_;
  std::atomic<bool> is_full_{false}, is_finishing_{false};
  std::atomic<int> error_{0};
  std::jthread thread_;
};

class Recorder {
 public:
  static constexpr size_t kMaxCaptures = 8;

  Recorder(Tables& tables, std::string folder, std::function<void()> confine)
      : tables_(tables), folder_(std::move(folder)), confine_(std::move(confine)) {}
  ~Recorder();

  /** @throws std::system_error EEXIST for a name in use or a file that is there, EMFILE beyond kMaxCaptures */
  const CaptureWriter& start(CaptureSettings settings);
  /** Packets seen so far are in the files when this returns. Null when there is no such capture. */
  std::unique_ptr<CaptureWriter> stop(std::string name);
  const std::map<std::string, std::unique_ptr<CaptureWriter>>& running() const { return running_; }

 private:
  void publish();

  Tables& tables_;
  const std::string folder_;
  const std::function<void()> confine_;
  std::map<std::string, std::unique_ptr<CaptureWriter>> running_;
};

}  // namespace xfrmd
