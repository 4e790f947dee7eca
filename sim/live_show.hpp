// Everybody who watches in a run of `troupe-sim live`.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sim/live_audience.hpp"
#include "sim/live_decoder.hpp"
#include "sim/live_misfits.hpp"
#include "sim/live_sim.hpp"

namespace troupe::sim {

/// Those who stay, over each protocol, those who misbehave, and the crowd that comes at once,
/// spread evenly over the sessions.
class Show {
 public:
  Show(const Endpoint& endpoint, std::vector<std::string> sessions, const LiveSimOptions& options);

  /// Errors: io.
  Result<void> begin();
  /// `done`: of the time, 0 to 1.
  void go_on(double done);
  [[nodiscard]] std::uint64_t bytes();
  /// Nobody watches any more; what they saw.
  void end(Section& section, double seconds);
  /// Once the publisher has been told to end.
  void end_decoders(Section& section, double seconds);

 private:
  /// Those who watch over one protocol.
  struct House {
    std::string name;
    int viewers;
    Watch watch;
    std::unique_ptr<Audience> audience;
    std::vector<std::unique_ptr<Decoder>> decoders;
  };
  Result<void> fill(House& house);
  void gather();
  void report(House& house, Section& section);
  void report_crowd(const ViewerTotals& viewers, Section& section);
  void report_sessions(Audience& audience, Section& section, double seconds);
  [[nodiscard]] const std::string& session(std::size_t viewer) const {
    return sessions_[viewer % sessions_.size()];
  }

  const Endpoint& endpoint_;
  const std::vector<std::string> sessions_;
  const LiveSimOptions& options_;
  std::vector<House> houses_;  ///< the first is that of WebSocket
  Audience crowd_;
  ViewerTotals before_;  ///< the crowd came
  std::unique_ptr<Misfits> misfits_;
};

}  // namespace troupe::sim
