// Archives in tar's format: for each file a header of 512 bytes, then its bytes, filled up to a multiple of 512.
//
//   0    name (100 bytes)        124  size (12, octal)       148  checksum of the header (8, octal)
//   156  kind (1)                257  "ustar"                345  the name's first part (155)
//
// Read in memory, from bytes that are unpacked already (read_file does that for .tar.gz).
#pragma once
#include "autograd/check.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace bijou::inline BIJOU_SCALAR {

struct TarMember {
  std::string name;       // its path in the archive
  std::string_view data;  // within the archive's bytes
};

bool looks_like_tar(std::string_view archive);

// The plain files, in the archive's order; folders, links and remarks are passed over. DataError: a header whose
// checksum is wrong, a size that is no octal number or is larger than what is left, an end without the two (or at
// least one) empty blocks.
std::vector<TarMember> read_tar(std::string_view archive, const std::string& name);

}  // namespace bijou
