#include "net/ws/socket_session.hpp"

#include <array>
#include <atomic>
#include <deque>
#include <mutex>
#include <optional>
#include <span>

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/stream_traits.hpp>

#include "net/ws/frame.hpp"

namespace troupe::ws {
namespace asio = boost::asio;

namespace {

constexpr std::size_t kReadBytes = 2048;  // per connection, held always: clients of ours say little
constexpr std::size_t kMaxGather = 64;    // frames in one writev
constexpr auto kCloseTimeout = std::chrono::seconds(3);
constexpr std::uint16_t kNormal = 1000, kGoingAway = 1001;

std::atomic<std::uint64_t> next_session_id{1};

template <class Stream>
std::optional<asio::io_context::executor_type> loop_of(Stream& stream) {
  const auto executor = stream.get_executor();
  const auto* loop = executor.template target<asio::io_context::executor_type>();
  return loop == nullptr ? std::nullopt : std::optional(*loop);
}

template <class Stream>
class SessionImpl final : public SocketSession {
 public:
  SessionImpl(Stream stream, const SessionLimits& limits)
      : stream_(std::move(stream)),
        limits_(limits),
        parser_(limits.max_message_bytes),
        timer_(stream_.get_executor()),
        loop_executor_(loop_of(stream_)),
        id_(next_session_id.fetch_add(1)) {
    boost::beast::get_lowest_layer(stream_).expires_never();
    boost::system::error_code ignored;
    boost::beast::get_lowest_layer(stream_).socket().non_blocking(true, ignored);
  }

  void begin(std::string leftover) override {
    sink_.message = [this](std::string_view bytes, bool is_text) {
      if (on_message_) on_message_(bytes, is_text);
    };
    sink_.ping = [this](std::string_view payload) {
      send(std::make_shared<const std::string>(encode_frame(Opcode::pong, payload)));
    };
    sink_.pong = [this](std::string_view) { pongs_missed_ = 0; };
    sink_.close = [this](std::uint16_t code) { start_close(code == 1005 ? kNormal : code, ""); };
    arm_ping();
    if (!leftover.empty()) parse(leftover);
    read();
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

 private:
  std::shared_ptr<SessionImpl> self() {
    return std::static_pointer_cast<SessionImpl>(this->shared_from_this());
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
                              self->parse({self->read_buffer_.data(), bytes});
                              if (!self->finished_) self->read();
                            });
  }

  void parse(std::string_view bytes) {
    if (const auto bad = parser_.feed(bytes, sink_); bad != 0) start_close(bad, "");
  }

  /// Takes up to kMaxGather frames for one gather write.
  std::size_t gather() {
    const std::lock_guard lock(mutex_);
    const auto count = std::min(queue_.size(), kMaxGather);
    for (std::size_t i = 0; i < count; ++i) buffers_[i] = asio::buffer(*queue_[i]);
    if (count > 0) buffers_[0] += front_written_;
    return count;
  }

  /// Drops what `bytes` written have completed. True when the queue is empty now.
  bool written(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
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
        stream_.async_write_some(buffers,
                                 [self = self()](boost::system::error_code ec, std::size_t bytes) {
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
      auto frame = std::make_shared<const std::string>(
          encode_frame(Opcode::close, close_payload(code, reason)));
      queued_bytes_ += frame->size();
      queue_.push_back(std::move(frame));
    }
    timer_.expires_after(kCloseTimeout);
    timer_.async_wait([self = self()](boost::system::error_code ec) {
      if (!ec) self->finish();
    });
    flush();
  }

  void drop_unsent() {
    const std::size_t keep = front_written_ > 0 ? 1 : 0;
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

  void arm_ping() {
    timer_.expires_after(std::chrono::milliseconds(limits_.ping_interval_ms));
    timer_.async_wait([weak = std::weak_ptr<SessionImpl>(self())](boost::system::error_code ec) {
      auto session = weak.lock();
      if (ec || !session || session->is_closing()) return;  // the timer belongs to the close then
      if (session->pongs_missed_++ >= 2) return session->finish();
      session->send(std::make_shared<const std::string>(encode_frame(Opcode::ping, {})));
      session->arm_ping();
    });
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
  FrameParser parser_;
  FrameParser::Sink sink_;
  asio::steady_timer timer_;
  const std::optional<asio::io_context::executor_type> loop_executor_;
  const std::uint64_t id_;
  std::array<char, kReadBytes> read_buffer_;
  std::array<asio::const_buffer, kMaxGather> buffers_;
  std::function<void(std::string_view, bool)> on_message_;
  std::function<void()> on_close_;
  std::function<void()> on_drained_;
  std::shared_ptr<void> member_;
  int pongs_missed_ = 0;
  std::atomic<bool> finished_{false};

  mutable std::mutex mutex_;
  std::deque<Frame> queue_;
  std::size_t queued_bytes_ = 0;
  std::size_t front_written_ = 0;
  bool writing_ = false;
  bool flush_posted_ = false;
  bool closing_ = false;
  bool refused_ = false;
};

}  // namespace

Frame text_frame(std::string_view text) {
  return std::make_shared<const std::string>(encode_frame(Opcode::text, text));
}
Frame binary_frame(std::string_view bytes) {
  return std::make_shared<const std::string>(encode_frame(Opcode::binary, bytes));
}

std::uint16_t close_code(ErrorCode code) noexcept {
  if (code == ErrorCode::overloaded) return 1013;
  return static_cast<std::uint16_t>(4000 + static_cast<int>(code));
}

std::shared_ptr<SocketSession> adopt(PlainStream stream, const SessionLimits& limits) {
  return std::make_shared<SessionImpl<PlainStream>>(std::move(stream), limits);
}
std::shared_ptr<SocketSession> adopt(TlsStream stream, const SessionLimits& limits) {
  return std::make_shared<SessionImpl<TlsStream>>(std::move(stream), limits);
}

}  // namespace troupe::ws
