/**
 * The JSON control socket: one request per line, `{"id":1,"method":"health","params":{}}`, answered in order by
 * `{"id":1,"result":…}` or `{"id":1,"error":{"code":"…","message":"…"}}`. What methods do: methods.h.
 */
#pragma once
#include <map>
#include <memory>
#include <string>

#include "control/event_loop.h"
#include "control/methods.h"

namespace xfrmd {

class ControlServer {
 public:
  ControlServer(EventLoop& loop, Methods& methods, const std::string& path);
  ~ControlServer();

 private:
  struct Connection {
    Fd fd;
    std::string received, pending;
  };
  void accept();
  void on_event(Connection& connection, uint32_t events);
  bool read_lines(Connection& connection);
  bool flush(Connection& connection);
  void close(Connection& connection);

  EventLoop& loop_;
  Methods& methods_;
  Fd listener_;
  std::map<int, std::unique_ptr<Connection>> connections_;
};

/** The answer to one line; never throws. */
std::string answer(Methods& methods, std::string_view line);

}  // namespace xfrmd
