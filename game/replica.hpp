// One client's picture of the world, as the server sends it and as the client has it. Both sides
// keep what was sent until it cannot be a baseline any more. Pure.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "game/tables.hpp"
#include "game/wire.hpp"

namespace troupe::game {

/// Views that can be a baseline: 1.6 s at 30 Hz.
inline constexpr std::size_t kMaxBaselines = 48;

/// The deltas of one tick: clients with the same view, baseline and tables get the same bytes.
class Encodings {
 public:
  explicit Encodings(const TablesAuthor& tables) : tables_(tables) {}
  /// `from`: null for none.
  [[nodiscard]] std::shared_ptr<const std::string> delta(const ViewPtr& from, const ViewPtr& to,
                                                         TablesVersion tables);
  [[nodiscard]] const TablesAuthor& tables() const noexcept { return tables_; }

 private:
  struct Known {
    ViewPtr from, to;
    TablesVersion tables;
    std::shared_ptr<const std::string> bytes;
  };
  const TablesAuthor& tables_;
  std::vector<Known> known_;
};

/// The server's side. Holds at most kMaxBaselines views, which clients may share.
class ReplicaSender {
 public:
  struct Packet {
    ViewPtr baseline;  ///< null: none
    TablesVersion tables = 0;
    std::shared_ptr<const std::string> bytes;
    /// Fills in what of a head is the replica's business.
    void describe(SnapshotHead& head) const;
  };
  /// `view`: what the client is to see at a tick later than those before.
  [[nodiscard]] Packet send(const ViewPtr& view, Encodings& encodings);
  /// The client has the snapshot of `tick`, and these tables. A tick that was not sent, or is too
  /// old, says nothing; nor do tables that there are not.
  void acknowledge(std::uint32_t tick, TablesVersion tables);
  /// What the client has is not what we think: the next packet stands alone, and
  /// acknowledgements of what was sent before count no more.
  void start_over();

  /// The tables that it said it has.
  [[nodiscard]] TablesVersion tables() const noexcept { return tables_; }
  /// The newest that the client has for certain; null: nothing.
  [[nodiscard]] ViewPtr baseline() const;
  /// What it was sent last; null: nothing.
  [[nodiscard]] ViewPtr last() const { return sent_.empty() ? nullptr : sent_.back(); }
  /// What it was sent at `tick`, if that is still known.
  [[nodiscard]] ViewPtr sent(std::uint32_t tick) const;
  [[nodiscard]] std::size_t size() const noexcept { return sent_.size(); }

 private:
  std::deque<ViewPtr> sent_;  ///< oldest first; the first is the acknowledged one, if any is
  std::uint32_t acknowledged_ = 0;
  std::uint32_t ignore_until_ = 0;
  TablesVersion tables_ = 0;
};

/// The client's side.
class ReplicaReader {
 public:
  explicit ReplicaReader(const Game& game) : game_(game), tables_(game) {}
  enum class Outcome {
    taken,
    late,         ///< repeated, overtaken, or of a history that was left
    no_baseline,  ///< it builds on what is not there
    malformed,
    mismatch,  ///< it decodes to another state than the server has
  };
  /// `packet` is the whole packet; `near_sequence` as for take_head.
  Outcome read(std::string_view packet, std::uint32_t near_sequence);
  void take_tables(const PackedTables& tables) { tables_.take(tables); }

  /// Of the last packet that was taken.
  [[nodiscard]] const SnapshotHead& head() const noexcept { return head_; }
  /// Oldest first; bounded by kMaxBaselines. All of one epoch.
  [[nodiscard]] const std::deque<ViewPtr>& history() const noexcept { return history_; }
  /// Null: none yet.
  [[nodiscard]] const View* latest() const noexcept {
    return history_.empty() ? nullptr : history_.back().get();
  }
  /// What to tell the server that we have; 0: nothing that it may build on.
  [[nodiscard]] std::uint32_t to_acknowledge() const noexcept {
    return mismatch_ || history_.empty() ? 0 : history_.back()->tick;
  }
  /// Bit i: the snapshot of i + 1 ticks before that was taken too.
  [[nodiscard]] std::uint32_t taken() const noexcept;
  [[nodiscard]] TablesVersion tables_to_acknowledge() const noexcept {
    return tables_.newest(head_.epoch);
  }
  struct Mismatch {
    std::uint32_t tick = 0;
    std::uint64_t hash = 0;  ///< Game::hash of what came out
  };
  /// To be told to the server until a packet that stands alone has come.
  [[nodiscard]] const std::optional<Mismatch>& mismatch() const noexcept { return mismatch_; }

 private:
  const Game& game_;
  std::deque<ViewPtr> history_;
  TablesReader tables_;
  SnapshotHead head_;
  std::optional<Mismatch> mismatch_;
};

}  // namespace troupe::game
