#include "game/ball/pitch_codec.hpp"

#include <array>
#include <cstddef>

#include "game/bytes.hpp"

namespace troupe::game::ball {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::uint16_t kBallId = kMostPlayers;

// Velocities first: by how much a body moved in its last tick is what its place is guessed with.
constexpr std::array<Field, 6> kBodyFields{{{.name = "vx", .bits = 11, .is_signed = true},
                                            {.name = "vy", .bits = 11, .is_signed = true},
                                            {.name = "x", .guess = Guess::moved_by, .by = 0},
                                            {.name = "y", .guess = Guess::moved_by, .by = 1},
                                            {.name = "heading", .bits = 8},
                                            {.name = "boost", .bits = 7}}};
static_assert(kTopSpeed < 1 << 10 && kExtent <= 1 << 16 && kFullBoost < 1 << 7);

constexpr std::array<Field, 3> kBoardFields{
    {{.name = "left goals"}, {.name = "right goals"}, {.name = "kickoff", .bits = 8}}};

Row to_row(const Body& body, int heading, int boost) {
  return {body.vx, body.vy, body.x, body.y, heading, boost};
}

Body to_body(const Row& row) {
  return {row[2], row[3], row[0], row[1]};
}

RowSet body_rows(const Pitch& pitch) {
  RowSet out{.tick = pitch.tick, .ids = {}, .rows = {}};
  for (std::size_t slot = 0; slot < pitch.cars.size(); ++slot) {
    const auto& car = pitch.cars[slot];
    if (!car.present) continue;
    out.ids.push_back(static_cast<std::uint16_t>(slot));
    out.rows.push_back(to_row(car.body, car.heading, car.boost));
  }
  out.ids.push_back(kBallId);
  out.rows.push_back(to_row(pitch.ball, 0, 0));
  return out;
}

RowSet board_rows(const Pitch& pitch) {
  return {
      .tick = pitch.tick, .ids = {0}, .rows = {{pitch.goals[0], pitch.goals[1], pitch.kickoff}}};
}

void put_body(std::string& out, const Body& body) {
  for (const auto value : {body.x, body.y, body.vx, body.vy})
    put_bytes(out, static_cast<std::uint32_t>(value), 2);
}

Body get_body(ByteReader& in) {
  Body out;
  out.x = in.get<std::uint16_t>();
  out.y = in.get<std::uint16_t>();
  out.vx = in.get<std::int16_t>();
  out.vy = in.get<std::int16_t>();
  return out;
}

bool is_allowed(const Body& body) {
  return body.x < kExtent && body.y <= kBottom && body.vx >= -kTopSpeed && body.vx <= kTopSpeed &&
         body.vy >= -kTopSpeed && body.vy <= kTopSpeed;
}

bool is_allowed(const Pitch& pitch) {
  for (const auto& car : pitch.cars) {
    if (!is_allowed(car.body) || car.boost > kFullBoost) return false;
  }
  return is_allowed(pitch.ball) && pitch.kickoff <= kKickoffTicks;
}

}  // namespace

std::string encode_pitch(const Pitch& pitch) {
  std::string out;
  put_bytes(out, kVersion, 1);
  put_bytes(out, pitch.tick, 4);
  std::uint32_t present = 0;
  for (std::size_t slot = 0; slot < pitch.cars.size(); ++slot)
    present |= (pitch.cars[slot].present ? 1U : 0U) << slot;
  put_bytes(out, present, 2);
  for (const auto& car : pitch.cars) {
    if (!car.present) continue;
    put_body(out, car.body);
    put_bytes(out, car.heading, 1);
    put_bytes(out, car.boost, 1);
  }
  put_body(out, pitch.ball);
  for (const auto goals : pitch.goals) put_bytes(out, goals, 2);
  put_bytes(out, pitch.kickoff, 1);
  return out;
}

std::optional<Pitch> decode_pitch(std::string_view bytes) {
  ByteReader in(bytes);
  if (in.get(1) != kVersion) return std::nullopt;
  Pitch out;
  out.tick = in.get();
  const auto present = in.get(2);
  for (std::size_t slot = 0; slot < out.cars.size(); ++slot) {
    if ((present >> slot & 1) == 0) continue;
    auto& car = out.cars[slot];
    car.present = true;
    car.body = get_body(in);
    car.heading = in.get<std::uint8_t>();
    car.boost = in.get<std::uint8_t>();
  }
  out.ball = get_body(in);
  for (auto& goals : out.goals) goals = in.get<std::uint16_t>();
  out.kickoff = in.get<std::uint8_t>();
  if (!in.complete() || !is_allowed(out) || out.tick > kMostTicks) return std::nullopt;
  return out;
}

std::uint64_t hash_of(const Pitch& pitch) {
  Fnv hash;
  hash.mix(encode_pitch(pitch));
  return hash.value();
}

PitchModel::PitchModel() : bodies(kBodyFields), board(kBoardFields) {}

std::string encode_delta(PitchModel& model, const Pitch& baseline, const Pitch& now) {
  EntropyEncoder out;
  encode_rows(out, model.bodies, kBodyFields, body_rows(baseline), body_rows(now));
  encode_rows(out, model.board, kBoardFields, board_rows(baseline), board_rows(now));
  return out.take();
}

std::optional<Pitch> decode_delta(PitchModel& model, const Pitch& baseline, std::uint32_t tick,
                                  std::string_view bytes) {
  EntropyDecoder in(bytes);
  RowSet bodies{.tick = tick, .ids = {}, .rows = {}}, board = bodies;
  if (!decode_rows(in, model.bodies, kBodyFields, body_rows(baseline), kBallId + 1, bodies) ||
      !decode_rows(in, model.board, kBoardFields, board_rows(baseline), 1, board) || !in.complete())
    return std::nullopt;
  if (bodies.ids.empty() || bodies.ids.back() != kBallId || board.ids.size() != 1)
    return std::nullopt;
  Pitch out;
  out.tick = tick;
  for (std::size_t i = 0; i + 1 < bodies.ids.size(); ++i) {
    const auto& row = bodies.rows[i];
    out.cars[bodies.ids[i]] = {true, to_body(row), static_cast<std::uint8_t>(row[4]),
                               static_cast<std::uint8_t>(row[5])};
  }
  out.ball = to_body(bodies.rows.back());
  const auto& score = board.rows[0];
  out.goals = {static_cast<std::uint16_t>(score[0]), static_cast<std::uint16_t>(score[1])};
  out.kickoff = static_cast<std::uint8_t>(score[2]);
  if (!is_allowed(out)) return std::nullopt;
  return out;
}

std::string encode_frame(const Pitch& pitch) {
  const auto rows = body_rows(pitch);
  std::string out;
  put_bytes(out, kVersion, 1);
  put_bytes(out, rows.ids.size(), 1);
  for (const auto goals : pitch.goals) put_bytes(out, goals, 2);
  put_bytes(out, pitch.kickoff, 2);
  put_bytes(out, pitch.tick, 4);
  for (std::size_t i = 0; i < rows.ids.size(); ++i) {
    const auto& row = rows.rows[i];
    put_bytes(out, rows.ids[i], 1);
    put_bytes(out, static_cast<std::uint32_t>(row[4]), 1);
    put_bytes(out, static_cast<std::uint32_t>(row[5]), 2);
    put_bytes(out, static_cast<std::uint32_t>(row[2]), 2);
    put_bytes(out, static_cast<std::uint32_t>(row[3]), 2);
  }
  return out;
}

}  // namespace troupe::game::ball
