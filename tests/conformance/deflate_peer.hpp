// The suite's own end of permessage-deflate, on zlib: what the other side compressed is inflated with just the window
// that was agreed, so that reaching back further is noticed.
#pragma once

#include <zlib.h>

#include <string>
#include <string_view>

#include "tests/conformance/frames.hpp"

namespace conformance {

class DeflatePeer {
 public:
  // What `answer`, the server's Sec-WebSocket-Extensions, lays down, with the suite on this side.
  DeflatePeer(Side side, std::string_view answer);
  DeflatePeer(const DeflatePeer&) = delete;
  DeflatePeer& operator=(const DeflatePeer&) = delete;
  ~DeflatePeer();

  // The payload of a message, for a first frame with RSV1 and those that follow it.
  std::string compress(std::string_view message);
  // The message of a payload. Throws Broken if it is none.
  std::string decompress(std::string_view payload);

 private:
  z_stream deflate_ = {};
  z_stream inflate_ = {};
  bool we_forget_;
  bool they_forget_;
};

}  // namespace conformance
