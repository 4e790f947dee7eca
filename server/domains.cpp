#include "server/domains.hpp"

#include "actors/auction/domain.hpp"
#include "actors/system/ask.hpp"
#include "actors/system/context.hpp"
#include "net/api/auction_api.hpp"
#include "net/http/io_pool.hpp"
#include "net/http/router.hpp"

namespace troupe::server {

/// Each domain adds its gateway here and its lines to `start`.
struct Domains::Impl {
  std::uint16_t game_port = 0;
  std::uint16_t srt_port = 0;
};

Domains::Domains(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Domains::~Domains() = default;

namespace {

Result<void> start_auction(const Wiring& w) {
  const auto actors = static_cast<std::size_t>(w.config.ads_auction_actors);
  auto book = auction::add_auction(w.context, {.auction_actors = actors});
  if (!book.ok()) return book.error();
  api::mount_auction(w.router, {.context = w.context,
                                .asker = w.asker,
                                .seal = auction::NoticeSeal(w.token_key.material),
                                .auction_actors = actors,
                                .default_tmax_ms = static_cast<int>(w.config.ads_default_tmax_ms),
                                .max_tmax_ms = static_cast<int>(w.config.ads_max_tmax_ms),
                                .public_url = {}});
  return {};
}

}  // namespace

Result<std::unique_ptr<Domains>> Domains::start(const Wiring& wiring) {
  auto impl = std::make_unique<Impl>();
  if (auto done = start_auction(wiring); !done.ok()) return done.error();
  return std::unique_ptr<Domains>(new Domains(std::move(impl)));
}

std::uint16_t Domains::game_port() const noexcept { return impl_->game_port; }
std::uint16_t Domains::srt_port() const noexcept { return impl_->srt_port; }
void Domains::stop_ingress() {}

}  // namespace troupe::server
