// What tests of media share: clips that ffmpeg makes, tools that judge results, bytes through the
// packager.
#pragma once

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "media/packager.hpp"
#include "sim/child_process.hpp"
#include "tests/support/temp_dir.hpp"

namespace troupe::test {

inline std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct ToolOutput {
  std::string out, err;
};
/// Runs ffmpeg or ffprobe to its end, which has to be a good one.
inline ToolOutput run_tool(const std::vector<std::string>& argv) {
  const TempDir dir;
  auto child =
      sim::ChildProcess::start(argv, {.stdout_path = dir / "out", .stderr_path = dir / "err"});
  const bool good = child.ok() && child->wait(std::chrono::seconds(60)).value_or(-1) == 0;
  ToolOutput output{read_file(dir / "out"), read_file(dir / "err")};
  EXPECT_TRUE(good) << output.err;
  return output;
}

/// What ffmpeg writes into a file of that name (which tells the container) with these arguments.
inline std::string encode_clip(const std::vector<std::string>& arguments, const std::string& name) {
  const TempDir dir;
  std::vector<std::string> argv{"ffmpeg", "-y", "-loglevel", "error"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  argv.push_back(dir / name);
  run_tool(argv);
  return read_file(dir / name);
}

/// What the packager makes of a stream.
struct Packaged {
  Result<media::PackageStats> outcome = error(ErrorCode::internal);
  std::vector<media::Track> tracks;
  std::vector<media::ChunkPtr> chunks;
};
/// `piece`: so many bytes come at once.
inline Packaged package_bytes(const std::string& bytes, const media::PackagerOptions& options = {},
                              std::size_t piece = 1'316) {
  Packaged out;
  std::size_t at = 0;
  out.outcome = media::package_stream(
      [&](std::span<std::uint8_t> buffer) {
        const auto size = std::min({buffer.size(), bytes.size() - at, piece});
        std::copy_n(bytes.data() + at, size, buffer.data());
        at += size;
        return size;
      },
      {.tracks = [&](std::vector<media::Track> tracks) { out.tracks = std::move(tracks); },
       .chunk =
           [&](media::ChunkPtr chunk) {
             out.chunks.push_back(std::move(chunk));
             return true;
           }},
      options);
  return out;
}

}  // namespace troupe::test
