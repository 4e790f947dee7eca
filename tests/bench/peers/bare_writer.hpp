// The limit of any fan-out: FLV in over one socket, the same tags out to all others, nothing else.
#pragma once

namespace troupe::bench {

enum class Portion {
  tag,      ///< each picture and each frame of sound in a write of its own
  picture,  ///< sound waits for the next picture
  merged    ///< what spans 100 ms at once
};

/// Prints its port for the publisher (FLV over TCP) and its port for viewers, then serves one
/// publisher until that hangs up.
int write_bare(Portion portion);

}  // namespace troupe::bench
