// What WebSockets and plain streams of bytes share: a bounded queue of shared pieces on its way to
// a socket. Only for this room.
#pragma once

#include <array>
#include <atomic>
#include <deque>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/stream_traits.hpp>

#include "net/ws/socket_session.hpp"

namespace troupe::ws {

namespace asio = boost::asio;

[[nodiscard]] std::uint64_t next_session_id() noexcept;

inline constexpr std::size_t kStreamReadBytes =
    2048;  // per connection, held always: clients of ours say little
inline constexpr std::size_t kMaxGather = 64;  // pieces in one writev
inline constexpr auto kCloseTimeout = std::chrono::seconds(3);

template <class Stream>
std::optional<asio::io_context::executor_type> loop_of(Stream& stream) {
  const auto executor = stream.get_executor();
  const auto* loop = executor.template target<asio::io_context::executor_type>();
  return loop == nullptr ? std::nullopt : std::optional(*loop);
}

/// Who derives says what comes in and how one parts.
template <class Stream>
class StreamSession : public SocketSession {
 public:
  StreamSession(Stream stream, const SessionLimits& limits)
      : stream_(std::move(stream)),
        limits_(limits),
        timer_(stream_.get_executor()),
        loop_executor_(loop_of(stream_)),
        id_(next_session_id()) {
    boost::beast::get_lowest_layer(stream_).expires_never();
    boost::system::error_code ignored;
    boost::beast::get_lowest_layer(stream_).socket().non_blocking(true, ignored);
  }

  void attach(std::shared_ptr<void> member) override { member_ = std::move(member); }
  void cut() override {
    post([this] { finish(); });
  }

  bool send(Frame frame) override {
    const bool here = on_loop();
    if (here && write_at_once(frame)) return true;
    {
      const std::lock_guard lock(mutex_);
      if (closing_ || queue_.size() >= limits_.max_queued_frames ||
          queued_bytes_ + frame->size() > limits_.max_queued_bytes) {
        refused_ = true;
        return false;
      }
      queued_bytes_ += frame->size();
      queue_.push_back(std::move(frame));
      if (flush_posted_ || writing_) return true;
      flush_posted_ = !here;
    }
    if (here) {
      flush();
    } else {
      post([this] { flush(); });
    }
    return true;
  }

  [[nodiscard]] std::size_t queued_bytes() const noexcept override {
    const std::lock_guard lock(mutex_);
    return queued_bytes_;
  }

  void close(std::uint16_t code, std::string_view reason) override {
    post([this, code, text = std::string(reason)] { start_close(code, text); });
  }

  void on_message(std::function<void(std::string_view, bool)> callback) override {
    on_message_ = std::move(callback);
  }
  void on_close(std::function<void()> callback) override { on_close_ = std::move(callback); }
  void on_drained(std::function<void()> callback) override { on_drained_ = std::move(callback); }
  [[nodiscard]] std::uint64_t id() const noexcept override { return id_; }
  void post(std::function<void()> task) override {
    asio::post(stream_.get_executor(),
               [self = this->shared_from_this(), task = std::move(task)] { task(); });
  }
  [[nodiscard]] const void* loop() const noexcept override {
    return &const_cast<Stream&>(stream_).get_executor().context();
  }

 protected:
  /// What the peer says, on the loop.
  virtual void received(std::string_view bytes) = 0;
  /// The last words before the end; null: none.
  [[nodiscard]] virtual Frame farewell(std::uint16_t code, std::string_view reason) const = 0;

  std::shared_ptr<StreamSession> self() {
    return std::static_pointer_cast<StreamSession>(this->shared_from_this());
  }

  [[nodiscard]] bool on_loop() const {
    return loop_executor_ && loop_executor_->running_in_this_thread();
  }

  /// Most frames find an empty queue and room in the kernel's buffer: they need no queue. False:
  /// nothing was written.
  bool write_at_once(const Frame& frame) {
    if constexpr (!std::is_same_v<Stream, PlainStream>) return false;
    {
      const std::lock_guard lock(mutex_);
      if (closing_ || writing_ || !queue_.empty()) return false;
      writing_ = true;
    }
    boost::system::error_code ec;
    const auto bytes =
        boost::beast::get_lowest_layer(stream_).socket().write_some(asio::buffer(*frame), ec);
    {
      const std::lock_guard lock(mutex_);
      if (ec || bytes == 0) {
        writing_ = false;
        return false;  // the way through the queue finds out why
      }
      if (bytes < frame->size()) {
        queue_.push_front(frame);
        queued_bytes_ += frame->size();
        front_written_ = bytes;
      } else if (queue_.empty() && !closing_ && !refused_) {
        writing_ = false;
        return true;
      }
    }
    pump();
    return true;
  }

  void read() {
    stream_.async_read_some(asio::buffer(read_buffer_),
                            [self = self()](boost::system::error_code ec, std::size_t bytes) {
                              if (ec) return self->finish();
                              self->received({self->read_buffer_.data(), bytes});
                              if (!self->finished_) self->read();
                            });
  }

  /// Takes up to kMaxGather frames for one gather write. They stay in the queue until `written`.
  std::size_t gather() {
    const std::lock_guard lock(mutex_);
    const auto count = std::min(queue_.size(), kMaxGather);
    for (std::size_t i = 0; i < count; ++i) buffers_[i] = asio::buffer(*queue_[i]);
    in_flight_ = count;
    if (count > 0) buffers_[0] += front_written_;
    return count;
  }

  [[nodiscard]] std::vector<Frame> front(std::size_t count) const {
    const std::lock_guard lock(mutex_);
    return {queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(count)};
  }

  /// Drops what `bytes` written have completed. True when the queue is empty now.
  bool written(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    in_flight_ = 0;
    front_written_ += bytes;
    while (!queue_.empty() && front_written_ >= queue_.front()->size()) {
      front_written_ -= queue_.front()->size();
      queued_bytes_ -= queue_.front()->size();
      queue_.pop_front();
    }
    return queue_.empty();
  }

  void flush() {
    {
      const std::lock_guard lock(mutex_);
      flush_posted_ = false;
      if (writing_ || finished_) return;
      writing_ = true;
    }
    pump();
  }

  /// Writes until the kernel's buffer or our queue is used up. `writing_` is set.
  void pump() {
    while (true) {
      const auto count = gather();
      if (count == 0) break;
      const std::span<const asio::const_buffer> buffers(buffers_.data(), count);
      if constexpr (std::is_same_v<Stream, PlainStream>) {
        boost::system::error_code ec;
        const auto bytes = stream_.socket().write_some(buffers, ec);
        if (ec == asio::error::would_block || ec == asio::error::try_again) {
          written(0);
          stream_.socket().async_wait(asio::ip::tcp::socket::wait_write,
                                      [self = self()](boost::system::error_code wait_ec) {
                                        if (wait_ec) return self->finish();
                                        self->pump();
                                      });
          return;
        }
        // Not right here: this may be a send() of a callback that finish() destroys.
        if (ec) return post([this] { finish(); });
        written(bytes);
      } else {
        // A write that is under way reads its frames, whatever becomes of the queue.
        stream_.async_write_some(buffers, [self = self(), frames = front(count)](
                                              boost::system::error_code ec, std::size_t bytes) {
          if (ec) return self->finish();
          self->written(bytes);
          self->pump();
        });
        return;
      }
    }
    drained();
  }

  void drained() {
    bool tell = false, close_now = false;
    {
      const std::lock_guard lock(mutex_);
      if (!queue_.empty()) {  // refilled by another thread meanwhile
        asio::post(stream_.get_executor(), [self = self()] { self->pump(); });
        return;
      }
      writing_ = false;
      tell = std::exchange(refused_, false);
      close_now = closing_;
    }
    if (close_now) return shut_down();
    if (tell && on_drained_) on_drained_();
  }

  void start_close(std::uint16_t code, std::string_view reason) {
    {
      const std::lock_guard lock(mutex_);
      if (closing_) return;
      closing_ = true;
      // What is queued goes first; a queue at its bound is given up but for the frame that is half
      // written.
      if (queued_bytes_ > limits_.max_queued_bytes / 2) drop_unsent();
      if (auto last = farewell(code, reason)) {
        queued_bytes_ += last->size();
        queue_.push_back(std::move(last));
      }
    }
    timer_.expires_after(kCloseTimeout);
    timer_.async_wait([self = self()](boost::system::error_code ec) {
      if (!ec) self->finish();
    });
    flush();
  }

  void drop_unsent() {
    const std::size_t keep = std::max<std::size_t>(in_flight_, front_written_ > 0 ? 1 : 0);
    while (queue_.size() > keep) {
      queued_bytes_ -= queue_.back()->size();
      queue_.pop_back();
    }
  }

  void shut_down() {
    boost::system::error_code ignored;
    boost::beast::get_lowest_layer(stream_).socket().shutdown(asio::ip::tcp::socket::shutdown_send,
                                                              ignored);
    // The peer's end of stream ends the read and with it the session; the close timer bounds the
    // wait.
  }

  [[nodiscard]] bool is_closing() const {
    const std::lock_guard lock(mutex_);
    return closing_;
  }

  void finish() {
    if (finished_) return;
    {
      const std::lock_guard lock(mutex_);
      finished_ = true;
      closing_ = true;
      queue_.clear();
      queued_bytes_ = 0;
    }
    timer_.cancel();
    boost::system::error_code ignored;
    boost::beast::get_lowest_layer(stream_).socket().close(ignored);
    auto closed = std::move(on_close_);
    on_message_ = nullptr;
    on_close_ = nullptr;
    on_drained_ = nullptr;
    if (closed) closed();
    member_.reset();
  }

  Stream stream_;
  const SessionLimits limits_;
  asio::steady_timer timer_;
  std::function<void(std::string_view, bool)> on_message_;

 private:
  const std::optional<asio::io_context::executor_type> loop_executor_;
  const std::uint64_t id_;
  std::array<char, kStreamReadBytes> read_buffer_;
  std::array<asio::const_buffer, kMaxGather> buffers_;
  std::function<void()> on_close_;
  std::function<void()> on_drained_;
  std::shared_ptr<void> member_;
  std::atomic<bool> finished_{false};

  mutable std::mutex mutex_;
  std::deque<Frame> queue_;
  std::size_t queued_bytes_ = 0;
  std::size_t front_written_ = 0;
  std::size_t in_flight_ = 0;  ///< frames at the front that a write under way reads
  bool writing_ = false;
  bool flush_posted_ = false;
  bool closing_ = false;
  bool refused_ = false;
};

}  // namespace troupe::ws
