// Any bytes as a bearer token: none that this key has not signed is accepted.
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/jwt.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace troupe;
  static const JwtKey secret{JwtAlgorithm::hs256,
                             "the secret of the fuzz target, which no input knows"};
  static const JwtKey pem{JwtAlgorithm::es256,
                          "-----BEGIN PUBLIC KEY-----\n"
                          "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEVs/o5+uQbTjL3chynL4wXgUg2R9\n"
                          "q9UU8I5mEovUf86QZ7kOBIjJwqnzD1omageEHWwHdBO6B+dFabmdT9POxg==\n"
                          "-----END PUBLIC KEY-----\n"};
  const std::string_view token(reinterpret_cast<const char*>(data), size);
  for (const auto* key : {&secret, &pem}) {
    const auto claims = verify_jwt(*key, token, "troupe", 1'700'000'000);
    assert(!claims.ok() && claims.code() == ErrorCode::unauthenticated);
  }
  return 0;
}
