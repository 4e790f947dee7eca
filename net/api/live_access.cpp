#include "net/api/live_access.hpp"

#include "actors/live/messages.hpp"
#include "actors/system/ask.hpp"

namespace troupe::api {

namespace {

void as_role(live::ChatRole least, const char* otherwise, const actors::Asker& asker,
             const http::Request& request, const std::string& session, const http::Responder& out,
             std::function<void()> then) {
  const live::Caller caller{request.principal->subject, request.principal->has_scope("admin")};
  asker.ask_as<live::ChatStatus>(
      live::kKind, session, request.time_left(),
      [least, otherwise, out, then = std::move(then)](const Result<live::ChatStatus>& chat) {
        if (!chat.ok()) return out.send(chat.error());
        if (chat->role < least) return out.send(error(ErrorCode::forbidden, otherwise));
        then();
      },
      live::chat_atom::value, caller);
}

}  // namespace

void as_moderator(const actors::Asker& asker, const http::Request& request,
                  const std::string& session, const http::Responder& out,
                  std::function<void()> then) {
  as_role(live::ChatRole::moderator, "only the owner and moderators", asker, request, session, out,
          std::move(then));
}

void as_owner(const actors::Asker& asker, const http::Request& request, const std::string& session,
              const http::Responder& out, std::function<void()> then) {
  as_role(live::ChatRole::owner, "only the owner", asker, request, session, out, std::move(then));
}

}  // namespace troupe::api
