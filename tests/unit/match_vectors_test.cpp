// Vectors of the snapshot protocol that every client must decode alike: tests/data/game/, read here
// and by tests/browser/play_conformance.test.mjs. TROUPE_WRITE_VECTORS=1 writes them anew.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "game/arena/arena.hpp"
#include "game/arena/command.hpp"
#include "game/replica.hpp"

namespace troupe::game {
namespace {

namespace json = boost::json;
using Outcome = ReplicaReader::Outcome;

std::filesystem::path file(const char* name) {
  return std::filesystem::canonical("/proc/self/exe").parent_path() / "../../../tests/data/game" /
         name;
}

std::string to_hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    out.push_back(kDigits[static_cast<unsigned char>(c) >> 4]);
    out.push_back(kDigits[static_cast<unsigned char>(c) & 0xf]);
  }
  return out;
}

std::string from_hex(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    out.push_back(static_cast<char>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16)));
  return out;
}

std::string hash_text(std::uint64_t hash) {
  std::string bytes;
  for (int i = 7; i >= 0; --i) bytes.push_back(static_cast<char>(hash >> (8 * i)));
  return to_hex(bytes);
}

std::string_view name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::taken:
      return "taken";
    case Outcome::late:
      return "late";
    case Outcome::no_baseline:
      return "no_baseline";
    case Outcome::malformed:
      return "malformed";
    case Outcome::mismatch:
      return "mismatch";
  }
  return "";
}

json::object to_json(const Snapshot& snapshot) {
  json::array players, projectiles;
  for (const auto& p : snapshot.players)
    players.push_back(json::array{p.slot, p.x, p.y, p.aim, p.health, p.alive ? 1 : 0, p.score});
  for (const auto& p : snapshot.projectiles)
    projectiles.push_back(json::array{p.id, p.aim, p.x, p.y});
  return {{"tick", snapshot.tick}, {"players", players}, {"projectiles", projectiles}};
}

/// A packet, and what a reader that has had all before makes of it.
json::object packet_event(ReplicaReader& reader, const std::string& packet, std::uint32_t near) {
  const auto outcome = reader.read(packet, near);
  json::object out{{"packet", to_hex(packet)}, {"near", near}, {"outcome", name_of(outcome)}};
  if (outcome == Outcome::mismatch) out["hash"] = hash_text(reader.mismatch()->hash);
  if (outcome != Outcome::taken) return out;
  const auto& now = *reader.latest();
  out["hash"] = hash_text(arena_game().hash(now));
  if (now.tick % 8 == 0) out["snapshot"] = to_json(snapshot_of(now));
  return out;
}

PackedTables tables_of(const json::value& in) {
  return {static_cast<std::uint8_t>(in.at("epoch").to_number<int>()),
          in.at("version").to_number<std::uint32_t>(),
          from_hex(std::string_view(in.at("bytes").as_string())),
          in.at("checksum").to_number<std::uint32_t>()};
}

/// Ten players come, walk, shoot and go; the client is some ticks behind and loses packets; bits
/// flip on the way; the match is restarted once.
class Session {
 public:
  json::array play() {
    for (int slot = 0; slot < 10; ++slot) add_player(world_, slot * 3);
    for (std::uint32_t i = 0; i < 400; ++i) {
      if (i == 250) restart();
      tick(i);
    }
    return std::move(events_);
  }

 private:
  void restart() {
    author_ = std::make_unique<TablesAuthor>(arena_game(), std::uint8_t{2});
    sender_ = ReplicaSender();
    world_.tick -= 20;
    acknowledgements_.clear();
  }

  void tick(std::uint32_t i) {
    step(world_, commands());
    if (i % 60 == 59) remove_player(world_, static_cast<int>(random_() % 10) * 3);
    const auto view = std::make_shared<const ArenaView>(take_snapshot(world_));
    Encodings encodings(*author_);
    const auto packet = sender_.send(view, encodings);
    if (packet.baseline && author_->learn(*packet.baseline, *view)) tell();
    SnapshotHead head{.tick = world_.tick,
                      .input_sequence = i + 70'000,
                      .checksum = checksum(arena_game(), *view),
                      .epoch = author_->newest().epoch,
                      .waiting = static_cast<std::uint8_t>(i % 16)};
    packet.describe(head);
    deliver(write_head(head) + *packet.bytes, i + 70'003);
    acknowledge();
  }

  ArenaCommands commands() {
    ArenaCommands out{};
    for (std::size_t slot = 0; slot < 30; slot += 3) {
      if (random_() % 10 == 0) continue;
      out[slot] = Command{static_cast<std::int8_t>(static_cast<int>(random_() % 3) - 1),
                          static_cast<std::int8_t>(static_cast<int>(random_() % 3) - 1),
                          static_cast<std::uint8_t>(random_() % 4 == 0 ? random_() : slot),
                          random_() % 4 == 0};
    }
    return out;
  }

  void tell() {
    const auto& newest = author_->newest();
    reader_.take_tables(newest);
    events_.push_back(json::object{{"tables",
                                    {{"epoch", newest.epoch},
                                     {"version", newest.version},
                                     {"bytes", to_hex(newest.bytes)},
                                     {"checksum", newest.checksum}}}});
  }

  void deliver(const std::string& packet, std::uint32_t near) {
    if (random_() % 12 == 0) return;  // lost
    if (random_() % 10 == 0) {
      auto damaged = packet;
      const auto at = random_() % damaged.size();
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << random_() % 8));
      if (random_() % 4 == 0) damaged.resize(at);
      // A head that is damaged so that it still is one tells a reader nonsense about ticks: that
      // is for the checksum of UDP. Of the delta every bit is covered here.
      if (at >= kMaxHeadBytes) events_.push_back(packet_event(reader_, damaged, near));
    }
    events_.push_back(packet_event(reader_, packet, near));
    if (random_() % 40 == 0) events_.push_back(packet_event(reader_, packet, near));
  }

  void acknowledge() {
    if (reader_.mismatch() && reader_.head().epoch == author_->newest().epoch) sender_.start_over();
    acknowledgements_.push_back(
        reader_.head().epoch == author_->newest().epoch ? reader_.to_acknowledge() : 0);
    if (acknowledgements_.size() < 4) return;
    sender_.acknowledge(acknowledgements_.front(), reader_.tables_to_acknowledge());
    acknowledgements_.erase(acknowledgements_.begin());
  }

  std::mt19937 random_{20'26};
  World world_ = make_world(77);
  std::unique_ptr<TablesAuthor> author_ =
      std::make_unique<TablesAuthor>(arena_game(), std::uint8_t{1});
  ReplicaSender sender_;
  ReplicaReader reader_{arena_game()};
  std::vector<std::uint32_t> acknowledgements_;
  json::array events_;
};

/// Where commands lead one player from places all over the arena.
json::array walks() {
  std::mt19937 random(7);
  json::array out;
  for (int i = 0; i < 32; ++i) {
    Player player;
    player.present = true;
    player.x = static_cast<Length>(random() % kArena) / kWalkSpeed * kWalkSpeed + i % 2 * 13;
    player.y = static_cast<Length>(random() % kArena) / kWalkSpeed * kWalkSpeed + i % 3;
    json::object walk{{"x", player.x}, {"y", player.y}};
    json::array steps;
    Command command;
    for (int step = 0; step < 40; ++step) {
      if (step % 20 == 0) {
        command.move_x = static_cast<std::int8_t>(static_cast<int>(random() % 3) - 1);
        command.move_y = static_cast<std::int8_t>(static_cast<int>(random() % 3) - 1);
      }
      command.aim = static_cast<std::uint8_t>(random());
      command.fire = random() % 2 == 0;
      move(player, command);
      steps.push_back(json::array{to_hex(pack_command(command).view()), command.move_x,
                                  command.move_y, command.aim, command.fire ? 1 : 0, player.x,
                                  player.y});
    }
    walk["steps"] = std::move(steps);
    out.push_back(std::move(walk));
  }
  return out;
}

void write(const char* name, const json::array& rows) {
  std::ofstream out(file(name));
  out << "[\n";
  for (std::size_t i = 0; i < rows.size(); ++i)
    out << json::serialize(rows[i]) << (i + 1 < rows.size() ? ",\n" : "\n");
  out << "]\n";
}

json::array read(const char* name) {
  std::ifstream in(file(name));
  std::stringstream text;
  text << in.rdbuf();
  return json::parse(text.str()).as_array();
}

bool writing() {
  return std::getenv("TROUPE_WRITE_VECTORS") != nullptr;
}

TEST(MatchVectors, SnapshotsDecodeToWhatTheVectorsSay) {
  if (writing()) write("snapshots.json", Session().play());
  ReplicaReader reader(arena_game());
  std::map<std::string, int> outcomes;
  int tables = 0;

  for (const auto& event : read("snapshots.json")) {
    if (const auto* told = event.as_object().if_contains("tables")) {
      reader.take_tables(tables_of(*told));
      ++tables;
      continue;
    }
    const auto packet = from_hex(std::string_view(event.at("packet").as_string()));
    const auto made = packet_event(reader, packet, event.at("near").to_number<std::uint32_t>());
    ASSERT_EQ(json::serialize(made), json::serialize(event));
    ++outcomes[std::string(event.at("outcome").as_string())];
  }

  EXPECT_GE(tables, 2);
  EXPECT_GE(outcomes["taken"], 200);
  EXPECT_GE(outcomes["mismatch"], 5);
  EXPECT_GE(outcomes["late"], 1);
}

TEST(MatchVectors, PlayersWalkAsTheVectorsSay) {
  if (writing()) write("walks.json", walks());

  EXPECT_EQ(json::serialize(walks()), json::serialize(read("walks.json")));
}

}  // namespace
}  // namespace troupe::game
