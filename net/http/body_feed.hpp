// A response's body that is still being made: what there is goes out, the rest follows as it comes.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace troupe::http {

/// Sent by chunked transfer coding (RFC 9112 section 7.1), or, before HTTP/1.1, up to the end of
/// the connection. Whoever makes it pushes and ends it; the connection takes. Thread-safe.
class BodyFeed {
 public:
  using Bytes = std::shared_ptr<const std::string>;

  /// A client that lets more wait has its body broken off.
  explicit BodyFeed(std::size_t max_waiting_bytes = 16U << 20) : max_waiting_(max_waiting_bytes) {}

  /// False when nobody takes it any more.
  bool push(Bytes bytes);
  /// All has been pushed.
  void end();
  /// The rest does not come: the client sees a body that is cut off, not one that is whole.
  void break_off();

  struct Taken {
    std::vector<Bytes> bytes;
    bool ended = false;
    bool broken = false;
  };
  /// What waits; nothing: `wake` is called, once and from any thread, when there is something.
  std::optional<Taken> take(std::function<void()> wake);
  /// The client is gone.
  void abandon();

 private:
  void change(const std::function<void()>& how);

  const std::size_t max_waiting_;
  std::mutex mutex_;
  std::vector<Bytes> waiting_;
  std::size_t waiting_bytes_ = 0;
  bool ended_ = false, broken_ = false, abandoned_ = false;
  std::function<void()> wake_;
};

}  // namespace troupe::http
