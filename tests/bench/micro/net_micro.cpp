// Frames of WebSocket, both ways.
#include <string>

#include <benchmark/benchmark.h>

#include "net/ws/frame.hpp"

namespace {

using namespace troupe::ws;

void encode(benchmark::State& state) {
  const std::string payload(static_cast<std::size_t>(state.range(0)), 'x');
  for (auto _ : state) benchmark::DoNotOptimize(encode_frame(Opcode::binary, payload));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(encode)->Name("ws/encode_frame")->Arg(125)->Arg(16'384);

/// A client's masked binary frame (RFC 6455 section 5.3).
std::string masked_frame(const std::string& payload) {
  static constexpr unsigned char kMask[4] = {0x37, 0xfa, 0x21, 0x3d};
  std::string frame{'\x82', static_cast<char>(0x80 | 126), static_cast<char>(payload.size() >> 8),
                    static_cast<char>(payload.size() & 0xff)};
  frame.append(reinterpret_cast<const char*>(kMask), 4);
  for (std::size_t i = 0; i < payload.size(); ++i)
    frame.push_back(static_cast<char>(static_cast<unsigned char>(payload[i]) ^ kMask[i % 4]));
  return frame;
}

void parse(benchmark::State& state) {
  const auto frame = masked_frame(std::string(static_cast<std::size_t>(state.range(0)), 'x'));
  std::size_t bytes = 0;
  FrameParser::Sink sink;
  sink.message = [&](std::string_view message, bool) { bytes += message.size(); };
  FrameParser parser(1U << 20);
  for (auto _ : state) {
    if (parser.feed(frame, sink) != 0) state.SkipWithError("refused");
  }
  benchmark::DoNotOptimize(bytes);
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(parse)->Name("ws/parse_frame")->Arg(126)->Arg(16'384);

}  // namespace
