#include "tests/bench/auction_actors.hpp"

#include <chrono>
#include <functional>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/json.hpp>
#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/stateful_actor.hpp>
#include <sys/resource.h>

#include "actors/auction/campaign_book.hpp"
#include "actors/auction/messages.hpp"
#include "actors/system/scheduler.hpp"
#include "sim/ads_requests.hpp"
#include "sim/histogram.hpp"

namespace troupe::bench {
namespace {

using namespace auction;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kShards = 4;
constexpr std::size_t kInFlight = 64;
constexpr std::size_t kCapShares = 64;
constexpr std::size_t kRequests = 2'000;
constexpr std::size_t kCapEntries = 200'000;
constexpr std::uint64_t kNow = 1'700'000'000'000;

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double ms(Clock::duration d) {
  return std::chrono::duration<double, std::milli>(d).count();
}

std::vector<std::shared_ptr<const Bidder>> make_bidders(int count) {
  std::vector<std::shared_ptr<const Bidder>> out;
  for (int i = 0; i < count; ++i) {
    auto campaign = apply_campaign_json({}, sim::sample_campaign(i), true).value();
    campaign.id = "campaign-" + std::to_string(i);
    auto allowance = std::make_shared<Allowance>(kNow);
    allowance->grant(1'000'000'000'000'000);
    out.push_back(std::make_shared<const Bidder>(Bidder{std::move(campaign), allowance, 1}));
  }
  return out;
}

std::vector<AuctionJobPtr> make_jobs() {
  std::mt19937_64 random(1);
  std::vector<AuctionJobPtr> out;
  for (std::size_t i = 0; i < kRequests; ++i) {
    const auto body = parse_with_money(sim::sample_request(random, i, 100).body);
    out.push_back(std::make_shared<const AuctionJob>(
        AuctionJob{parse_bid_request(body.value()).value(), UINT64_MAX}));
  }
  return out;
}

std::size_t share_of(const AuctionJob& job, std::size_t shares) {
  return std::hash<std::string>{}(job.request.user_id) % shares;
}

struct World {
  std::shared_ptr<const CampaignIndex> index;
  std::vector<AuctionJobPtr> jobs = make_jobs();

  explicit World(int campaigns)
      : index(std::make_shared<const CampaignIndex>(make_bidders(campaigns))) {}
};

OutcomePtr run_job(const World& world, FrequencyCaps& caps, const AuctionJob& job) {
  return std::make_shared<const Outcome>(run_auction(job.request, world.index, caps, kNow, 1));
}

struct ShardState {
  FrequencyCaps caps{kCapEntries};
};
caf::behavior shard(caf::stateful_actor<ShardState>* self, const World* world) {
  return {[self, world](run_atom, const AuctionJobPtr& job) {
    return run_job(*world, self->state.caps, *job);
  }};
}

struct SharedCaps {
  std::mutex mutex;
  FrequencyCaps caps{kCapEntries * kShards / kCapShares};
};
caf::behavior single_auction(caf::event_based_actor* self, const World* world,
                             std::vector<SharedCaps>* caps) {
  return {[self, world, caps](run_atom, const AuctionJobPtr& job) {
    auto& share = (*caps)[share_of(*job, kCapShares)];
    self->quit();
    const std::lock_guard lock(share.mutex);
    return run_job(*world, share.caps, *job);
  }};
}

/// Whom to ask to run the n-th auction.
using PickActor = std::function<caf::actor(const AuctionJob&)>;

struct Driver {
  const World& world;
  PickActor pick;
  Clock::time_point until;
  std::size_t sent = 0, done = 0, in_flight = 0;
  sim::Histogram latency;

  void next(caf::event_based_actor* self) {
    const auto& job = world.jobs[sent++ % kRequests];
    ++in_flight;
    const auto began = Clock::now();
    self->request(pick(*job), caf::infinite, run_atom::value, job)
        .then([this, self, began](const OutcomePtr&) {
          const auto now = Clock::now();
          latency.record(ms(now - began));
          ++done;
          --in_flight;
          if (now < until) return next(self);
          if (in_flight == 0) self->quit();
        });
  }
};

ActorsMeasured drive(caf::actor_system& system, const World& world, PickActor pick, int seconds) {
  const auto began = Clock::now();
  const auto cpu = cpu_seconds();
  Driver driver{world, std::move(pick), began + std::chrono::seconds(seconds), 0, 0, 0, {}};
  caf::scoped_actor waiter(system);
  const auto actor = system.spawn([&driver](caf::event_based_actor* self) {
    for (std::size_t i = 0; i < kInFlight; ++i) driver.next(self);
  });
  waiter->wait_for(actor);
  const auto took = ms(Clock::now() - began) / 1e3;
  const auto count = static_cast<double>(driver.done);
  return {count / took, (cpu_seconds() - cpu) * 1e6 / count, driver.latency.quantile(0.5),
          driver.latency.quantile(0.99)};
}

}  // namespace

ActorsMeasured measure_sharded(int campaigns, int seconds) {
  const World world(campaigns);
  actors::SchedulerConfig config;
  caf::actor_system system(config);
  std::vector<caf::actor> shards;
  for (std::size_t i = 0; i < kShards; ++i) shards.push_back(system.spawn(shard, &world));
  auto measured = drive(
      system, world, [&shards](const AuctionJob& job) { return shards[share_of(job, kShards)]; },
      seconds);
  for (const auto& actor : shards) caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
  system.await_all_actors_done();
  return measured;
}

ActorsMeasured measure_spawned(int campaigns, int seconds) {
  const World world(campaigns);
  std::vector<SharedCaps> caps(kCapShares);
  actors::SchedulerConfig config;
  caf::actor_system system(config);
  auto measured = drive(
      system, world, [&](const AuctionJob&) { return system.spawn(single_auction, &world, &caps); },
      seconds);
  system.await_all_actors_done();
  return measured;
}

RebuildMeasured measure_rebuild(int campaigns) {
  constexpr int kChanges = 20;
  const auto bidders = make_bidders(campaigns);
  RebuildMeasured out;
  const auto began = Clock::now();
  const CampaignIndex index(bidders);
  out.build_ms = ms(Clock::now() - began);

  boost::asio::thread_pool pool(1);
  const auto book = std::make_shared<CampaignBook>([&](std::function<void()> task) {
    boost::asio::post(pool, std::move(task));
    return true;
  });
  for (const auto& bidder : bidders) book->publish(bidder);
  while (book->index()->size() != bidders.size()) std::this_thread::yield();
  for (int i = 0; i < kChanges; ++i) {
    const auto changed = Clock::now();
    const auto expected = bidders.size() - static_cast<std::size_t>(i) - 1;
    book->withdraw(bidders[static_cast<std::size_t>(i)]->campaign.id);
    while (book->index()->size() != expected) std::this_thread::yield();
    out.visible_ms = std::max(out.visible_ms, ms(Clock::now() - changed));
  }
  pool.join();
  return out;
}

}  // namespace troupe::bench
