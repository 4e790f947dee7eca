// A certificate for localhost, made for one test.
#pragma once

#include <cstdlib>
#include <stdexcept>
#include <string>

#include "tests/support/temp_dir.hpp"

namespace troupe::test {

/// A key and a certificate of its own for localhost.
struct Certificate {
  TempDir dir;
  std::string key = dir / "key.pem", file = dir / "cert.pem";

  Certificate() {
    const auto command =
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost "
        "-days 1 -keyout " +
        key + " -out " + file + " 2>/dev/null";
    if (std::system(command.c_str()) != 0) throw std::runtime_error("openssl failed");
  }
};

}  // namespace troupe::test
