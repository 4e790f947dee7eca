// A clip whose pictures carry closed captions, made without any program.
#pragma once

#include "tests/support/live_replay.hpp"

namespace troupe::test {

/// Four seconds of 160x90 at 30 pictures a second, a chunk for each and a key frame each second;
/// CC1 shows "HELLO WORLD" from about 0.5 to 2 s. Throws std::runtime_error when that fails.
Clip make_captioned_clip();

}  // namespace troupe::test
