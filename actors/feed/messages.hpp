// What others may send to feeds. Local messages: payloads are shared, not copied.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/atom.hpp>
#include <caf/typed_actor.hpp>

#include "actors/feed/feed_store.hpp"
#include "actors/system/entity.hpp"

namespace troupe::feed {

inline constexpr const char* kFeedKind = "feed";      ///< id: user id
inline constexpr const char* kHandleKind = "handle";  ///< id: handle in lower case

using enter_atom = caf::atom_constant<caf::atom("enter")>;
using claim_atom = caf::atom_constant<caf::atom("claim")>;
using follow_atom = caf::atom_constant<caf::atom("follow")>;
using drop_atom = caf::atom_constant<caf::atom("unfollow")>;
using post_atom = caf::atom_constant<caf::atom("post")>;
using remove_atom = caf::atom_constant<caf::atom("remove")>;
using page_atom = caf::atom_constant<caf::atom("page")>;
using pushed_atom = caf::atom_constant<caf::atom("pushed")>;

using UserPtr = std::shared_ptr<const User>;
using PostPtr = std::shared_ptr<const Post>;

struct NewPost {
  std::string text;
  std::string idempotency_key;  ///< empty: none
};
struct PageQuery {
  std::optional<Id> before;
  std::size_t limit = 50;
};
struct FeedPage {
  std::vector<Post> posts;  ///< newest first
  std::string next;         ///< cursor; empty at the end
};
using PagePtr = std::shared_ptr<const FeedPage>;

/// One user's feed and writes: profile, follows, posts, timeline.
using FeedActor =
    caf::typed_actor<caf::replies_to<enter_atom, User>::with<UserPtr>,
                     caf::replies_to<follow_atom, std::string>::with<bool>,  ///< false: did already
                     caf::replies_to<drop_atom, std::string>::with<bool>,
                     caf::replies_to<post_atom, NewPost>::with<PostPtr>,
                     caf::replies_to<remove_atom, std::string>::with<bool>,
                     caf::replies_to<page_atom, PageQuery>::with<PagePtr>,
                     caf::reacts_to<pushed_atom, Entry>, caf::reacts_to<actors::passivate_atom>>;

/// Sees to it that a handle belongs to one user.
using HandleActor = caf::typed_actor<caf::replies_to<claim_atom, User>::with<UserPtr>,
                                     caf::reacts_to<actors::passivate_atom>>;

}  // namespace troupe::feed

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::feed::User)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::feed::UserPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::feed::PostPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::feed::NewPost)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::feed::PageQuery)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::feed::PagePtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::feed::Entry)
