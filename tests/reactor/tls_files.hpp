// Certificates and keys made for one test run: an authority, and pairs that it has signed or that sign themselves.
#pragma once

#include <string>
#include <vector>

#include "tests/reactor/temporary_folder.hpp"

namespace reactor::tests {

struct Pair {
  std::string certificate;  // the files
  std::string key;
};

class TlsFiles {
 public:
  TlsFiles();

  // For "localhost" and 127.0.0.1, signed by the authority.
  const Pair& server() const { return server_; }
  const Pair& client() const { return client_; }
  // Nobody's but its own.
  const Pair& stranger() const { return stranger_; }
  const std::string& authority() const { return authority_.certificate; }
  // A file with these words.
  std::string write(const std::string& name, const std::string& text, int mode = 0600) const;

 private:
  TemporaryFolder folder_;
  Pair authority_;
  Pair server_;
  Pair client_;
  Pair stranger_;
};

// Made once, because keys take time.
const TlsFiles& tls_files();

}  // namespace reactor::tests
