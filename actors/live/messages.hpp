// The messages of a live session's entity (kind "live").
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/atom.hpp>
#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

#include "actors/live/chat_desk.hpp"
#include "actors/live/polls.hpp"
#include "actors/live/session.hpp"
#include "actors/system/entity.hpp"
#include "media/chunk.hpp"

namespace troupe::live {

inline constexpr const char* kKind = "live";

using create_atom = caf::atom_constant<caf::atom("create")>;
using read_atom = caf::atom_constant<caf::atom("read")>;
using rotate_atom = caf::atom_constant<caf::atom("rotate")>;
using end_atom = caf::atom_constant<caf::atom("end")>;
using begin_atom = caf::atom_constant<caf::atom("begin")>;
using chunk_atom = caf::atom_constant<caf::atom("chunk")>;
using stop_atom = caf::atom_constant<caf::atom("stop")>;
using say_atom = caf::atom_constant<caf::atom("say")>;
using greet_atom = caf::atom_constant<caf::atom("greet")>;
using chat_atom = caf::atom_constant<caf::atom("chat")>;
using moderate_atom = caf::atom_constant<caf::atom("moderate")>;
using change_atom = caf::atom_constant<caf::atom("change")>;
using poll_atom = caf::atom_constant<caf::atom("poll")>;
using polls_atom = caf::atom_constant<caf::atom("polls")>;
// What the actor tells itself.
using poll_due_atom = caf::atom_constant<caf::atom("polldue")>;
using poll_tally_atom = caf::atom_constant<caf::atom("polltally")>;

struct NewSession {
  std::string title;
  std::string owner;
  PublishKey key;
  std::string pull_url;  ///< empty: nothing is pulled
};
/// What its owner changes of a session; what is nothing stays.
struct SessionChange {
  std::optional<std::uint32_t> views_per_account;
  std::optional<ViewAccess> access;
  std::optional<Countries> countries;
  std::optional<RecordMode> record;
  std::optional<std::string> pull_url;
  /// The change is made only while this is pulled; else nothing happens.
  std::optional<std::string> if_pull_url;
};
/// Nothing for a key: nobody has one any more.
struct KeyChange {
  KeyUse use = KeyUse::publisher;
  std::optional<PublishKey> key;
};
struct Say {
  Caller caller;
  std::string name;
  std::string text;
};
/// The JSON texts that greet who joins the chat.
struct ChatGreeting {
  std::shared_ptr<const std::string> chat;
  std::shared_ptr<const std::string> poll;  ///< null: none is open
};
struct PollView {
  Poll poll;
  std::optional<std::uint32_t> mine;  ///< the caller's vote while it is open
};
using PollList = std::vector<PollView>;  ///< newest first

/// Errors come as actors::to_caf: not_found, forbidden, conflict (exists, ended) and those of the
/// chat room.
using LiveActor = caf::typed_actor<
    caf::replies_to<create_atom, NewSession>::with<Session>,
    caf::replies_to<read_atom>::with<Session>,
    caf::replies_to<rotate_atom, Caller, KeyChange>::with<Session>,
    caf::replies_to<end_atom, Caller>::with<Session>,
    caf::replies_to<change_atom, Caller, SessionChange>::with<Session>,
    caf::replies_to<say_atom, Say>::with<ChatLine>, caf::replies_to<greet_atom>::with<ChatGreeting>,
    caf::replies_to<chat_atom, Caller>::with<ChatStatus>,
    caf::replies_to<moderate_atom, Moderation>::with<ChatStatus>,
    caf::replies_to<poll_atom, Caller, PollAct>::with<PollView>,
    caf::replies_to<polls_atom, Caller>::with<PollList>, caf::reacts_to<poll_due_atom>,
    caf::reacts_to<poll_tally_atom>, caf::reacts_to<begin_atom, PublicationPtr>,
    caf::reacts_to<chunk_atom, PublicationPtr, media::ChunkPtr>,
    caf::reacts_to<stop_atom, PublicationPtr>, caf::reacts_to<actors::passivate_atom>>;

}  // namespace troupe::live

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::live::Session)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::live::NewSession)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::live::KeyChange)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::live::SessionChange)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::live::Caller)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::live::Say)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::live::ChatLine)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::live::ChatGreeting)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::live::ChatStatus)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::live::Moderation)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::live::PollAct)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::live::PollView)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::live::PollList)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::live::PublicationPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::media::ChunkPtr)
