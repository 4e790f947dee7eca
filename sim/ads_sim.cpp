#include "sim/ads_sim.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include "sim/ads_requests.hpp"
#include "sim/http_client.hpp"
#include "sim/http_load.hpp"

namespace troupe::sim {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

constexpr const char* kAdvertiser = "ads-sim";
constexpr int kSetupThreads = 8;
constexpr std::size_t kMaxFailures = 10;
constexpr auto kDrain = std::chrono::seconds(5);

/// Splits [0, count) over a few threads that each have a client; the first error ends them all.
Result<void> in_parallel(const Endpoint& endpoint, int count,
                         const std::function<Result<void>(HttpClient&, int)>& work) {
  std::atomic<int> next{0};
  std::mutex mutex;
  Result<void> result;
  std::vector<std::thread> threads;
  for (int t = 0; t < kSetupThreads; ++t) {
    threads.emplace_back([&] {
      HttpClient client(endpoint.host, endpoint.http_port, endpoint.token(kAdvertiser, "ads"));
      for (int i = next++; i < count; i = next++) {
        if (auto done = work(client, i); !done.ok()) {
          const std::lock_guard lock(mutex);
          result = done;
          next = count;
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  return result;
}

Result<std::vector<std::string>> create_campaigns(const Endpoint& endpoint, int count) {
  std::vector<std::string> ids(static_cast<std::size_t>(count));
  auto done = in_parallel(endpoint, count, [&](HttpClient& client, int n) -> Result<void> {
    const auto reply = client.post("/api/v1/campaigns", sample_campaign(n));
    if (!reply.ok()) return reply.error();
    if (reply->status != 201)
      return error(ErrorCode::unavailable, "POST /api/v1/campaigns: " + reply->body);
    ids[static_cast<std::size_t>(n)] = std::string(reply->json().at("id").as_string());
    return {};
  });
  if (!done.ok()) return done.error();
  return ids;
}

class Load {
 public:
  Load(const Endpoint& endpoint, const AdsSimOptions& options)
      : options_(options),
        load_(io_, endpoint.host, endpoint.http_port,
              static_cast<std::size_t>(options.connections)),
        timer_(io_),
        token_(endpoint.token("exchange-sim", "exchange")),
        random_(options.seed) {}

  void run(const std::atomic<bool>& stop) {
    began_ = Clock::now();
    next_due_ = began_;
    tick(stop);
    io_.run();
    seconds_ =
        std::chrono::duration<double>(std::min(Clock::now(), began_ + options_.duration) - began_)
            .count();
  }

  [[nodiscard]] double done_share() const {
    return std::min(1.0, std::chrono::duration<double>(Clock::now() - began_) / options_.duration);
  }
  [[nodiscard]] std::uint64_t answered() const noexcept { return answered_; }
  [[nodiscard]] const std::map<std::string, std::int64_t>& billed() const noexcept {
    return billed_;
  }

  void report(Section& section) const {
    const auto row = [&](const char* name, std::uint64_t value) {
      section.rows.push_back({name, static_cast<double>(value), ""});
    };
    row("auctions", answered_);
    row("bids", bids_);
    row("no bids", no_bids_);
    row("bills", bills_);
    row("errors", errors_);
    section.rows.push_back(
        {"auctions/s", static_cast<double>(answered_in_time_) / seconds_, "1/s"});
    section.latencies.emplace("auction", auction_ms_);
    section.latencies.emplace("bill", bill_ms_);
    section.failures.insert(section.failures.end(), failures_.begin(), failures_.end());
  }

 private:
  void tick(const std::atomic<bool>& stop) {
    const auto now = Clock::now();
    const auto until = began_ + options_.duration;
    if (now >= until || stop) {
      if ((load_.queued() == 0 && load_.in_flight() == 0) || now >= until + kDrain)
        return io_.stop();
    } else if (options_.rate > 0) {
      const auto interval = std::chrono::duration_cast<Clock::duration>(
          std::chrono::duration<double>(1 / options_.rate));
      for (; next_due_ <= now; next_due_ += interval) auction(next_due_);
    } else {
      while (load_.in_flight() < static_cast<std::size_t>(options_.connections)) auction(now);
    }
    timer_.expires_after(std::chrono::milliseconds(1));
    timer_.async_wait([this, &stop](boost::system::error_code ec) {
      if (!ec) tick(stop);
    });
  }

  void auction(Clock::time_point due) {
    auto request = sample_request(random_, ++sent_, options_.tmax_ms, options_.no_bid_share);
    auto body = request.body;
    const bool accepted = load_.submit(
        {"POST", "/openrtb2/auction", std::move(body), token_, due,
         [this, request = std::move(request)](int status, const std::string& answer, double ms) {
           on_auction(request, status, answer, ms);
         }});
    if (!accepted) fail("the server fell behind by 20,000 requests");
  }

  void on_auction(const SampleRequest& request, int status, const std::string& body, double ms) {
    const bool in_time = Clock::now() < began_ + options_.duration;
    ++answered_;
    if (in_time) ++answered_in_time_;
    auction_ms_.record(ms);
    if (status == 204) {
      ++no_bids_;
    } else if (status != 200) {
      fail(fmt::format("an auction was answered with {}", status));
    } else {
      std::string problem;
      const auto bid = check_response(request, body, problem);
      if (!bid) return fail("a response is not valid: " + problem);
      ++bids_;
      if (static_cast<double>(random_() % 1'000) < options_.bill_share * 1'000) bill(*bid);
    }
    if (options_.rate <= 0 && in_time) auction(Clock::now());
  }

  void bill(const CheckedBid& bid) {
    const bool accepted =
        load_.submit({"POST", bid.burl_target, "", "", Clock::now(),
                      [this, campaign = bid.campaign](int status, const std::string&, double ms) {
                        bill_ms_.record(ms);
                        if (status != 204)
                          return fail(fmt::format("a bill was answered with {}", status));
                        ++bills_;
                        ++billed_[campaign];
                      }});
    if (!accepted) fail("bills queue up");
  }

  void fail(std::string what) {
    ++errors_;
    if (failures_.size() < kMaxFailures) failures_.push_back("ads: " + std::move(what));
  }

  const AdsSimOptions& options_;
  asio::io_context io_{1};
  HttpLoad load_;
  asio::steady_timer timer_;
  std::string token_;
  std::mt19937_64 random_;
  Clock::time_point began_ = Clock::now(), next_due_;
  double seconds_ = 1;
  std::atomic<std::uint64_t> answered_{0};
  std::uint64_t sent_ = 0, answered_in_time_ = 0, bids_ = 0, no_bids_ = 0, bills_ = 0, errors_ = 0;
  std::map<std::string, std::int64_t> billed_;
  Histogram auction_ms_, bill_ms_;
  std::vector<std::string> failures_;
};

/// Each campaign's spend is within its budget and counts every bill that was acknowledged.
void check_books(const Endpoint& endpoint, const std::vector<std::string>& ids,
                 const std::map<std::string, std::int64_t>& billed, Section& section) {
  std::mutex mutex;
  double spent = 0;
  int exhausted = 0;
  auto done = in_parallel(
      endpoint, static_cast<int>(ids.size()), [&](HttpClient& client, int n) -> Result<void> {
        const auto& id = ids[static_cast<std::size_t>(n)];
        const auto reply = client.get("/api/v1/campaigns/" + id + "/stats");
        if (!reply.ok()) return reply.error();
        if (reply->status != 200)
          return error(ErrorCode::unavailable, "stats: " + std::to_string(reply->status));
        const auto stats = reply->json();
        const auto budget = stats.at("budget_nanos").to_number<std::int64_t>();
        const auto nanos = stats.at("spent_nanos").to_number<std::int64_t>();
        const auto bills = stats.at("bills").to_number<std::int64_t>();
        const auto it = billed.find(id);
        const std::lock_guard lock(mutex);
        spent += static_cast<double>(nanos) / 1e9;
        if (nanos * 10 >= budget * 8) ++exhausted;
        if (nanos > budget)
          section.failures.push_back(
              fmt::format("ads: campaign {} spent {} of {}", id, nanos, budget));
        if (it != billed.end() && bills < it->second) {
          section.failures.push_back(
              fmt::format("ads: campaign {} lost {} acknowledged bills", id, it->second - bills));
        }
        return {};
      });
  if (!done.ok()) section.failures.push_back("ads: " + done.error().detail);
  section.rows.push_back({"spent", spent, "USD"});
  section.rows.push_back({"campaigns over 80 % spent", static_cast<double>(exhausted), ""});
}

}  // namespace

Result<Section> run_ads(const Endpoint& endpoint, const AdsSimOptions& options, Progress& progress,
                        const std::atomic<bool>& stop) {
  auto ids = create_campaigns(endpoint, options.campaigns);
  if (!ids.ok()) return ids.error();
  Section section;
  section.title = "ads";
  Load load(endpoint, options);
  const int part = progress.add(
      "ads", [&] { return load.done_share(); },
      [&] {
        return fmt::format("{} auctions against {} campaigns", load.answered(), options.campaigns);
      });
  if (options.load_begins) options.load_begins();
  load.run(stop);
  if (options.load_ends) options.load_ends();
  progress.remove(part);
  load.report(section);
  check_books(endpoint, *ids, load.billed(), section);
  return section;
}

}  // namespace troupe::sim
