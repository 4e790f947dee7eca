// RFC 6381 codec strings from codec parameters.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace troupe::media {

/// "avc1.PPCCLL" from an avcC box's payload or from Annex B parameter sets (ISO/IEC 14496-15
/// section 5.3.3, RFC 6381 section 3.3); nothing when there is no sequence parameter set.
[[nodiscard]] std::optional<std::string> avc_codec_string(std::span<const std::uint8_t> extradata);
/// "hvc1.…" from an hvcC box's payload (ISO/IEC 14496-15, annex E).
[[nodiscard]] std::optional<std::string> hevc_codec_string(std::span<const std::uint8_t> config);
/// "av01.P.LLT.DD" from an av1C box's payload (AV1 Codec ISO Media File Format Binding, section 5).
[[nodiscard]] std::optional<std::string> av1_codec_string(std::span<const std::uint8_t> config);
/// "vp09.PP.LL.DD" from the `vpcC` box of an initialisation segment (VP Codec ISO Media File Format
/// Binding, "Codecs Parameter String").
[[nodiscard]] std::optional<std::string> vp9_codec_string(std::string_view init);
/// "mp4a.40.N" from an AudioSpecificConfig (ISO/IEC 14496-3 section 1.6.2.1).
[[nodiscard]] std::optional<std::string> aac_codec_string(std::span<const std::uint8_t> config);

}  // namespace troupe::media
