// Where cheats are tried: a match with honest players, over sockets.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "net/client/arena.hpp"
#include "sim/cheats.hpp"
#include "sim/http_client.hpp"
#include "sim/marksman.hpp"

namespace troupe::sim {

/// One match: honest players, and a cheater who sits down last. Serves all of them on the caller's
/// thread.
class CheatTable {
 public:
  CheatTable(const Endpoint& endpoint, const CheatOptions& options)
      : endpoint_(endpoint), options_(options), admin_(client_of("admin", "admin")) {}

  /// Makes the match; honest players sit down. Errors: what kept it from that.
  Result<void> open();
  Result<void> sit(const std::string& name, Hand hand);
  Result<std::string> token(const std::string& name);
  /// Plays until `done`, or the time is over. True: done.
  bool play(const std::function<bool()>& done, const std::atomic<bool>& stop);
  /// Players, of one suspicion or any. What cannot be read is not there, and unread() says so.
  [[nodiscard]] std::vector<std::string> flagged(const std::string& suspicion = "");
  [[nodiscard]] bool unread() const { return unread_; }
  [[nodiscard]] client::GameClient& cheater() { return *seats_.back().game; }
  [[nodiscard]] double fraction() const { return fraction_; }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] const std::string& host() const { return endpoint_.host; }
  /// Commands of the cheater for each of the others'.
  int rate = 1;
  /// With each snapshot that the cheater has not looked at yet.
  std::function<void(const game::Snapshot&)> look;

 private:
  struct Seat {
    std::unique_ptr<client::GameClient> game;
    std::unique_ptr<Marksman> mind;
    std::chrono::steady_clock::time_point next{};
  };
  [[nodiscard]] HttpClient client_of(const std::string& name, const std::string& scopes) const {
    return {endpoint_.host, endpoint_.http_port, endpoint_.token(name, scopes)};
  }
  void turn(Seat& seat);

  const Endpoint& endpoint_;
  const CheatOptions& options_;
  HttpClient admin_;
  std::string match_;
  std::uint16_t port_ = 0;
  std::unique_ptr<client::ClientHost> sockets_;
  std::vector<Seat> seats_;
  std::uint32_t looked_at_ = 0;
  bool unread_ = false;
  std::atomic<double> fraction_{0};
};

}  // namespace troupe::sim
