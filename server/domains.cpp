#include "server/domains.hpp"

#include "actors/system/ask.hpp"
#include "actors/system/context.hpp"
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

Result<std::unique_ptr<Domains>> Domains::start(const Wiring&) {
  return std::unique_ptr<Domains>(new Domains(std::make_unique<Impl>()));
}

std::uint16_t Domains::game_port() const noexcept { return impl_->game_port; }
std::uint16_t Domains::srt_port() const noexcept { return impl_->srt_port; }
void Domains::stop_ingress() {}

}  // namespace troupe::server
