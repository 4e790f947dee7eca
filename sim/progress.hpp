// Live progress: one line per running part, redrawn in place on a terminal, plain lines every few
// seconds elsewhere.
#pragma once

#include <functional>
#include <memory>
#include <string>

namespace troupe::sim {

/// Thread-safe. Prints to stderr, so that stdout stays for the report.
class Progress {
 public:
  /// `interactive`: redraw in place (pass isatty(2)).
  explicit Progress(bool interactive);
  ~Progress();

  /// Adds a part. `fraction` gives how much is done in [0, 1], `text` the figures shown beside the
  /// bar; both are called from the drawing thread until `remove`. Returns the part's number.
  int add(std::string name, std::function<double()> fraction, std::function<std::string()> text);
  void remove(int part);
  /// A line above the bars.
  void say(const std::string& line);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace troupe::sim
