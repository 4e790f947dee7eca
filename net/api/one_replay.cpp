#include "net/api/one_replay.hpp"

#include <utility>

#include "storage/read_pool.hpp"

namespace troupe::api {

void OneReplay::run(storage::ReadPool& reads, const http::Responder& out,
                    std::function<http::Response(const storage::Store&)> answer) const {
  if (playing_->exchange(true))
    return out.send(
        http::problem(error(ErrorCode::overloaded, "another match is being played again"), 1));
  auto posted = reads.post(
      [out, playing = playing_, answer = std::move(answer)](const storage::Store& store) {
        auto response = answer(store);
        *playing = false;
        out.send(std::move(response));
      });
  if (posted.ok()) return;
  *playing_ = false;
  out.send(posted.error());
}

}  // namespace troupe::api
