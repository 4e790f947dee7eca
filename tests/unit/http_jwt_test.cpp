#include <memory>

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <sodium.h>

#include "base/jwt.hpp"

namespace troupe {
namespace {

constexpr std::int64_t kNow = 1'700'000'000;
const JwtKey kSecret{JwtAlgorithm::hs256, "an HS256 secret of at least 32 bytes"};

JwtClaims claims() {
  return {.subject = "ann",
          .audience = "troupe",
          .scope = "a b",
          .extra = "match:1",
          .expires_s = kNow + 60};
}

struct EcKeys {
  JwtKey private_key, public_key;
};

EcKeys make_ec_keys() {
  const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  const auto pem = [](auto write) {
    const std::unique_ptr<BIO, int (*)(BIO*)> bio(BIO_new(BIO_s_mem()), BIO_free);
    write(bio.get());
    char* data = nullptr;
    const auto size = BIO_get_mem_data(bio.get(), &data);
    return std::string(data, static_cast<std::size_t>(size));
  };
  return {{JwtAlgorithm::es256, pem([&](BIO* bio) {
             PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
           })},
          {JwtAlgorithm::es256, pem([&](BIO* bio) { PEM_write_bio_PUBKEY(bio, key.get()); })}};
}

std::string base64url(const std::string& bytes) {
  std::string out(sodium_base64_encoded_len(bytes.size(), sodium_base64_VARIANT_URLSAFE_NO_PADDING),
                  '\0');
  sodium_bin2base64(out.data(), out.size(), reinterpret_cast<const unsigned char*>(bytes.data()),
                    bytes.size(), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  out.pop_back();
  return out;
}

std::string from_base64url(const std::string& text) {
  std::string out(text.size(), '\0');
  std::size_t size = 0;
  EXPECT_EQ(sodium_base642bin(reinterpret_cast<unsigned char*>(out.data()), out.size(), text.data(),
                              text.size(), nullptr, &size, nullptr,
                              sodium_base64_VARIANT_URLSAFE_NO_PADDING),
            0);
  out.resize(size);
  return out;
}

TEST(Jwt, WhatIsSignedIsVerified) {
  const auto token = sign_jwt(kSecret, claims());
  ASSERT_TRUE(token.ok());
  const auto read = verify_jwt(kSecret, *token, "troupe", kNow);
  ASSERT_TRUE(read.ok()) << read.error().detail;
  EXPECT_EQ(read->subject, "ann");
  EXPECT_EQ(read->scope, "a b");
  EXPECT_EQ(read->extra, "match:1");
  EXPECT_EQ(read->expires_s, kNow + 60);
}

TEST(Jwt, Es256IsSignedWithThePrivateAndVerifiedWithThePublicKey) {
  const auto keys = make_ec_keys();
  const auto token = sign_jwt(keys.private_key, claims());
  ASSERT_TRUE(token.ok()) << token.error().detail;
  EXPECT_TRUE(verify_jwt(keys.public_key, *token, "troupe", kNow).ok());
  EXPECT_FALSE(verify_jwt(make_ec_keys().public_key, *token, "troupe", kNow).ok());
  EXPECT_FALSE(sign_jwt(keys.public_key, claims()).ok());
}

TEST(Jwt, TheTokenOfRfc7515HasAValidSignature) {  // appendix A.1; its issuer is not ours
  const JwtKey key{JwtAlgorithm::hs256,
                   from_base64url("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0i"
                                  "PS4hcgUuTwjAzZr1Z9CAow")};
  const std::string token =
      "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
      "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVl"
      "fQ."
      "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
  EXPECT_EQ(verify_jwt(key, token, "troupe", 1'300'819'000).error().detail, "wrong issuer");
  auto forged = token;
  forged[forged.size() - 5] = 'A';
  EXPECT_EQ(verify_jwt(key, forged, "troupe", 1'300'819'000).error().detail,
            "the token is malformed or its signature is wrong");
}

TEST(Jwt, ExpiryAndNotBeforeHoldWithALeeway) {
  auto given = claims();
  given.not_before_s = kNow;
  const auto token = *sign_jwt(kSecret, given);
  const auto at = [&](std::int64_t now) { return verify_jwt(kSecret, token, "troupe", now).ok(); };
  EXPECT_TRUE(at(kNow + 60 + 29));
  EXPECT_FALSE(at(kNow + 60 + 30));
  EXPECT_TRUE(at(kNow - 30));
  EXPECT_FALSE(at(kNow - 31));
}

TEST(Jwt, AnExpiryAndASubjectAreRequired) {
  auto eternal = claims(), nobody = claims();
  eternal.expires_s = 0;
  nobody.subject.clear();
  EXPECT_FALSE(verify_jwt(kSecret, *sign_jwt(kSecret, eternal), "troupe", kNow).ok());
  EXPECT_FALSE(verify_jwt(kSecret, *sign_jwt(kSecret, nobody), "troupe", kNow).ok());
}

TEST(Jwt, AnotherAudienceIsRefused) {
  EXPECT_EQ(verify_jwt(kSecret, *sign_jwt(kSecret, claims()), "game", kNow).code(),
            ErrorCode::unauthenticated);
}

TEST(Jwt, AnyChangedByteIsRefused) {
  const auto token = *sign_jwt(kSecret, claims());
  for (std::size_t i = 0; i + 1 < token.size(); ++i) {  // the last character holds unused bits
    auto changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(verify_jwt(kSecret, changed, "troupe", kNow).ok()) << i;
  }
}

TEST(Jwt, AlgNoneIsRefused) {  // RFC 8725 section 3.2
  const auto payload = base64url(R"({"iss":"troupe","sub":"ann","aud":"troupe","exp":1700000060})");
  for (const char* header :
       {R"({"alg":"none"})", R"({"alg":"NONE","typ":"JWT"})", R"({"alg":""})", R"({})"}) {
    const auto unsigned_token = base64url(header) + "." + payload + ".";
    EXPECT_FALSE(verify_jwt(kSecret, unsigned_token, "troupe", kNow).ok()) << header;
    EXPECT_FALSE(verify_jwt(make_ec_keys().public_key, unsigned_token, "troupe", kNow).ok())
        << header;
  }
}

TEST(Jwt, APublicKeyIsNoHmacSecret) {  // RFC 8725 section 2.1
  const auto keys = make_ec_keys();
  const auto forged = sign_jwt({JwtAlgorithm::hs256, keys.public_key.material}, claims());
  ASSERT_TRUE(forged.ok());
  EXPECT_EQ(verify_jwt(keys.public_key, *forged, "troupe", kNow).error().detail,
            "the token's algorithm is not the key's");
}

TEST(Jwt, OtherAlgorithmsOfTheFamilyAreRefused) {
  const auto token = *sign_jwt(kSecret, claims());
  const auto payload = token.substr(token.find('.'));
  for (const char* alg : {"HS384", "HS512", "RS256", "ES256", "PS256"}) {
    const auto changed =
        base64url(std::string(R"({"alg":")") + alg + R"(","typ":"JWT"})") + payload;
    EXPECT_FALSE(verify_jwt(kSecret, changed, "troupe", kNow).ok()) << alg;
  }
}

TEST(Jwt, RubbishIsRefused) {
  for (const std::string& token :
       {std::string(), std::string("."), std::string(".."), std::string("a.b.c"),
        std::string(9'000, 'a'), std::string("a\0b.c.d", 7)}) {
    EXPECT_EQ(verify_jwt(kSecret, token, "troupe", kNow).code(), ErrorCode::unauthenticated);
  }
}

TEST(Jwt, AShortSecretCannotSign) {
  EXPECT_FALSE(sign_jwt({JwtAlgorithm::hs256, "short"}, claims()).ok());
}

}  // namespace
}  // namespace troupe
