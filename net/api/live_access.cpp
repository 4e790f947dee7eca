#include "net/api/live_access.hpp"

#include "actors/live/messages.hpp"
#include "actors/system/ask.hpp"

namespace troupe::api {

void as_moderator(const actors::Asker& asker, const http::Request& request,
                  const std::string& session, const http::Responder& out,
                  std::function<void()> then) {
  const live::Caller caller{request.principal->subject, request.principal->has_scope("admin")};
  asker.ask_as<live::ChatStatus>(
      live::kKind, session, request.time_left(),
      [out, then = std::move(then)](const Result<live::ChatStatus>& chat) {
        if (!chat.ok()) return out.send(chat.error());
        if (chat->role == live::ChatRole::viewer)
          return out.send(error(ErrorCode::forbidden, "only the owner and moderators"));
        then();
      },
      live::chat_atom::value, caller);
}

}  // namespace troupe::api
