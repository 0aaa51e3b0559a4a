/** Line framing and buffering. */
#include "control/control_server.h"

#include <sys/socket.h>

#include <cerrno>
#include <system_error>

#include "base/log.h"
#include "control/listener.h"

namespace xfrmd {
namespace {

constexpr size_t kMaxLine = 64 * 1024;
constexpr size_t kMaxPending = 64 << 20;  // statistics of thousands of SAs, several times over

}  // namespace

std::string answer(Methods& methods, std::string_view line) {
  Json id;
  const auto failure = [&](const char* code, const std::string& message) {
    return Json(Json::Object{{"id", id}, {"error", Json::Object{{"code", code}, {"message", message}}}}).print() + "\n";
  };
  const auto request = Json::parse(line);
  if (!request || request->as_object() == nullptr) return failure("invalid-request", "not a JSON object");
  if (const Json* given = request->find("id"); given != nullptr && given->as_integer() != nullptr) id = *given;
  const Json* method = request->find("method");
  if (method == nullptr || method->as_string() == nullptr) return failure("invalid-request", "method is missing");
  const Json* params = request->find("params");
  try {
    return Json(Json::Object{{"id", id}, {"result", methods.call(*method->as_string(), params == nullptr ? Json() : *params)}}).print() + "\n";
  } catch (const MethodError& error) {
    return failure(error.code, error.what());
  } catch (const std::system_error& error) {
    return failure(error.code().value() == EEXIST || error.code().value() == EBUSY ? "conflict" : "system-error", error.what());
  }
}

ControlServer::ControlServer(EventLoop& loop, Methods& methods, const std::string& path)
    : loop_(loop), methods_(methods), listener_(listen_unix(path, SOCK_STREAM)) {
  loop_.add(listener_.get(), EPOLLIN, [this](uint32_t) { accept(); });
}

ControlServer::~ControlServer() { loop_.remove(listener_.get()); }

void ControlServer::accept() {
  auto accepted = accept_trusted(listener_.get(), "control.sock");
  if (!accepted) return;
  auto connection = std::make_unique<Connection>();
  connection->fd = std::move(accepted->fd);
  Connection& added = *connection;
  connections_[added.fd.get()] = std::move(connection);
  loop_.add(added.fd.get(), EPOLLIN, [this, &added](uint32_t events) { on_event(added, events); });
}

void ControlServer::close(Connection& connection) {
  const int fd = connection.fd.get();
  loop_.remove(fd);
  connections_.erase(fd);
}

void ControlServer::on_event(Connection& connection, uint32_t events) {
  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && !read_lines(connection)) return close(connection);
  if (!flush(connection)) return close(connection);
  loop_.change(connection.fd.get(), connection.pending.empty() ? EPOLLIN : EPOLLIN | EPOLLOUT);
}

bool ControlServer::read_lines(Connection& connection) {
  char buffer[16 * 1024];
  const ssize_t size = ::recv(connection.fd.get(), buffer, sizeof buffer, MSG_DONTWAIT);
  if (size < 0) return errno == EAGAIN || errno == EINTR;
  if (size == 0) return false;
  connection.received.append(buffer, static_cast<size_t>(size));
  size_t start = 0;
  for (size_t end; (end = connection.received.find('\n', start)) != std::string::npos; start = end + 1)
    connection.pending += answer(methods_, std::string_view(connection.received).substr(start, end - start));
  connection.received.erase(0, start);
  return connection.received.size() <= kMaxLine && connection.pending.size() <= kMaxPending;
}

bool ControlServer::flush(Connection& connection) {
  while (!connection.pending.empty()) {
    const ssize_t sent = ::send(connection.fd.get(), connection.pending.data(), connection.pending.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) return errno == EAGAIN || errno == EINTR;
    connection.pending.erase(0, static_cast<size_t>(sent));
  }
  return true;
}

}  // namespace xfrmd
