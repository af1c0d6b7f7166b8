// Certificates and keys as they are read from files: what is wrong with one is said in a line that names it.
#include "reactor/tls_context.hpp"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <array>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>

#include "tests/reactor/tls_files.hpp"

namespace reactor {
namespace {

using tests::tls_files;

std::string refusal(const TlsServerOptions& options) {
  try {
    static_cast<void>(TlsContext::server(options));
    return "none";
  } catch (const std::runtime_error& error) {
    return error.what();
  }
}

std::string text_of(const std::string& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

TEST(TlsContext, what_is_wrong_with_a_file_is_said_with_its_name) {
  const auto& files = tls_files();
  const std::string& good = files.server().certificate;
  const std::string& key = files.server().key;
  const std::string garbage = files.write("garbage.pem", "this is no PEM\n");
  const std::string half = files.write("half.pem", text_of(good).substr(0, 200));
  const std::string locked = files.write(
      "locked.key",
      "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAgAAAAAAAAAAAICCAAw\n"
      "DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEAAAAAAAAAAAAAAAAAAAAAAEgZAA\n-----END ENCRYPTED PRIVATE KEY-----\n");
  struct Row {
    TlsServerOptions options;
    std::string words;
  };
  const std::array rows = {
      Row{{.certificate = "absent.pem", .key = key}, "cannot read the certificate 'absent.pem': No such file"},
      Row{{.certificate = good, .key = "absent.key"}, "cannot read the key 'absent.key': No such file"},
      Row{{.certificate = "/", .key = key}, "the certificate '/' is a directory"},
      Row{{.certificate = garbage, .key = key}, "the certificate '" + garbage + "' is no PEM file of certificates"},
      Row{{.certificate = half, .key = key}, "the certificate '" + half + "' is no PEM file of certificates"},
      Row{{.certificate = good, .key = garbage}, "the key '" + garbage + "' is no PEM file of a key"},
      Row{{.certificate = good, .key = locked},
          "the key '" + locked + "' is no PEM file of a key without a passphrase"},
      Row{{.certificate = good, .key = files.stranger().key},
          "the key '" + files.stranger().key + "' does not belong to the certificate '" + good + "'"},
      Row{{.certificate = good, .key = key, .client_ca = "absent.pem"},
          "cannot read the file of certificate authorities 'absent.pem'"},
      Row{{.certificate = good, .key = key, .client_ca = garbage},
          "'" + garbage + "' is no PEM file of certificate authorities"},
      Row{{.certificate = good, .key = key}, "none"},
      Row{{.certificate = good, .key = key, .client_ca = files.authority()}, "none"},
  };
  for (const Row& row : rows) {
    const std::string said = refusal(row.options);
    EXPECT_TRUE(said.starts_with(row.words)) << said << "\nand not\n" << row.words;
    EXPECT_EQ(said.find('\n'), std::string::npos);
  }
}

TEST(TlsContext, a_client_is_told_of_its_files_too) {
  EXPECT_THROW(static_cast<void>(TlsContext::client({.ca = "absent.pem"})), std::runtime_error);
  EXPECT_THROW(static_cast<void>(TlsContext::client(
                   {.certificate = tls_files().client().certificate, .key = tls_files().server().key})),
               std::runtime_error);
  EXPECT_NO_THROW(static_cast<void>(TlsContext::client({})));
}

TEST(TlsContext, a_key_that_others_can_read_is_known) {
  EXPECT_FALSE(others_can_read(tls_files().server().key));
  EXPECT_TRUE(others_can_read(tls_files().write("open.key", "x", 0644)));
  EXPECT_TRUE(others_can_read(tls_files().write("group.key", "x", 0640)));
  EXPECT_FALSE(others_can_read("absent.key"));
}

// RFC 5077: who came before the certificate was renewed comes back without a whole handshake.
TEST(TlsContext, the_ticket_keys_can_be_handed_on) {
  const TlsServerOptions options = {.certificate = tls_files().server().certificate, .key = tls_files().server().key};
  const TlsContext older = TlsContext::server(options);
  TlsContext newer = TlsContext::server(options);
  const auto keys = [](const TlsContext& context) {
    std::array<unsigned char, 80> bytes{};
    SSL_CTX_ctrl(context.get(), SSL_CTRL_GET_TLSEXT_TICKET_KEYS, 80, bytes.data());
    return bytes;
  };
  EXPECT_NE(keys(newer), keys(older));
  newer.take_ticket_keys(older);
  EXPECT_EQ(keys(newer), keys(older));
}

}  // namespace
}  // namespace reactor
