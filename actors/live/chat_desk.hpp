// A session's chat as its actor keeps it: lines, rules and bans, and what moderators do with them.
// Pure: says what is to be stored and announced.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "actors/live/chat.hpp"
#include "actors/live/chat_rules.hpp"
#include "actors/live/session.hpp"
#include "base/result.hpp"
#include "storage/batch.hpp"

namespace troupe::live {

/// Who asks for a change: the owner may, and an administrator.
struct Caller {
  std::string user;
  bool admin = false;
};

// What moderators do. Only owners appoint and dismiss.
struct SetChatRules {
  std::optional<std::uint32_t> slow_mode_s;
  std::optional<std::vector<std::string>> words;
};
struct AppointModerator {
  std::string user;
};
struct DismissModerator {
  std::string user;
};
/// Takes the user's lines out of the history too.
struct BanUser {
  std::string user;
  std::uint64_t seconds = 0;  ///< 0: for good
  std::string reason;
};
struct PardonUser {
  std::string user;
};
struct PinLine {
  std::uint64_t number = 0;
};
struct UnpinLine {};
struct EraseLine {
  std::uint64_t number = 0;
};
using ModerationAct = std::variant<SetChatRules, AppointModerator, DismissModerator, BanUser,
                                   PardonUser, PinLine, UnpinLine, EraseLine>;
struct Moderation {
  Caller caller;
  ModerationAct act;
};

/// A chat as `role` may see it: viewers see neither words nor bans.
struct ChatStatus {
  ChatRole role = ChatRole::viewer;
  ChatRules rules;
  std::vector<ChatBan> bans;
};

/// As stored.
struct StoredChat {
  std::deque<ChatLine> lines;
  ChatRules rules;
  std::vector<ChatBan> bans;
};

class ChatDesk {
 public:
  using TimePoint = ChatRoom::TimePoint;

  ChatDesk(std::string session, std::string owner, const ChatLimits& limits, StoredChat stored);

  [[nodiscard]] ChatRole role_of(const Caller& caller) const;
  [[nodiscard]] ChatStatus status(const Caller& caller, std::uint64_t now_ms) const;

  /// Errors: forbidden (banned, unwelcome words) and those of ChatRoom::accept.
  Result<ChatLine> accept(ChatRoom::Saying saying, std::uint64_t now_ms, TimePoint now);
  /// What storing an accepted line takes.
  [[nodiscard]] storage::Batch storing(const ChatLine& line) const;
  /// The line is stored: newcomers see it. Its announcement.
  std::string add(ChatLine line);

  struct Change {
    storage::Batch batch;
    std::vector<std::string> announcements;  ///< once it is stored
  };
  /// Takes effect at once, so that what comes after sees it; whoever cannot store it has to load
  /// the chat anew. Errors: forbidden (no moderator; bans against one's betters), not_found,
  /// conflict, invalid_argument, too_large.
  Result<Change> moderate(const Moderation& moderation, std::uint64_t now_ms);

  /// What newcomers are sent: lines, the pinned one, slow mode. Built once for all between changes.
  [[nodiscard]] std::shared_ptr<const std::string> greeting();

 private:
  Result<Change> act(const Caller& caller, const SetChatRules& what);
  Result<Change> act(const Caller& caller, const AppointModerator& what);
  Result<Change> act(const Caller& caller, const DismissModerator& what);
  Result<Change> act(const Caller& caller, const BanUser& what);
  Result<Change> act(const Caller& caller, const PardonUser& what);
  Result<Change> act(const Caller& caller, const PinLine& what);
  Result<Change> act(const Caller& caller, const UnpinLine& what);
  Result<Change> act(const Caller& caller, const EraseLine& what);
  [[nodiscard]] Change rules_changed() const;
  [[nodiscard]] const ChatBan* ban_of(const std::string& user, std::uint64_t now_ms) const;
  void forget_expired(Change& change);
  void unpin(Change& change);
  void take_out(const std::vector<std::uint64_t>& numbers, Change& change);

  const std::string session_, owner_;
  const std::size_t history_;
  ChatRoom room_;
  ChatRules rules_;
  WordFilter filter_;
  std::map<std::string, ChatBan> bans_;
  std::uint64_t now_ms_ = 0;                     ///< of the running `moderate`
  std::shared_ptr<const std::string> greeting_;  ///< null: to be built
};

}  // namespace troupe::live
