#include <gtest/gtest.h>

#include "net/ingest/stream_id.hpp"

namespace troupe::ingest {
namespace {

TEST(StreamId, TheStandardFormCarriesResourceModeKeyAndUser) {
  const auto id = parse_stream_id("#!::u=ann,r=live/abc,m=publish,s=k=1");

  ASSERT_TRUE(id.ok());
  EXPECT_EQ(live_session(*id), "abc");
  EXPECT_EQ(id->mode, "publish");
  EXPECT_EQ(id->secret, "k=1");
  EXPECT_EQ(id->user, "ann");
}

TEST(StreamId, TheShortFormPublishes) {
  const auto id = parse_stream_id("publish:live/abc:key");

  ASSERT_TRUE(id.ok());
  EXPECT_EQ(live_session(*id), "abc");
  EXPECT_EQ(id->secret, "key");
}

TEST(StreamId, RefusesWhatItDoesNotKnow) {
  for (const auto& text :
       {std::string(), std::string("live/abc"), std::string("#!::r"), std::string("#!::m=publish"),
        std::string("publish:nokey"), std::string(600, 'a')}) {
    EXPECT_FALSE(parse_stream_id(text).ok()) << text;
  }
  EXPECT_EQ(live_session(*parse_stream_id("#!::r=vod/abc,m=publish")), "");
}

}  // namespace
}  // namespace troupe::ingest
