// Keys on an elliptic curve, because those are made in no time; valid from an hour ago for a day.
#include "tests/reactor/tls_files.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <cstdio>
#include <fstream>
#include <memory>

namespace reactor::tests {

namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

struct Identity {
  Key key{nullptr, EVP_PKEY_free};
  Certificate certificate{nullptr, X509_free};
};

void add_extension(X509* certificate, X509* issuer, int kind, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

// Signed by `issuer`, or by itself.
Identity make_identity(const std::string& name, const Identity* issuer, bool authority, long serial) {
  Identity made;
  made.key.reset(EVP_EC_gen("P-256"));
  made.certificate.reset(X509_new());
  X509* certificate = made.certificate.get();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 24L * 3600);
  X509_set_pubkey(certificate, made.key.get());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509* signer = issuer == nullptr ? certificate : issuer->certificate.get();
  X509_set_issuer_name(certificate, X509_get_subject_name(signer));
  add_extension(certificate, signer, NID_basic_constraints, authority ? "critical,CA:TRUE" : "CA:FALSE");
  if (!authority) add_extension(certificate, signer, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1,IP:::1");
  X509_sign(certificate, issuer == nullptr ? made.key.get() : issuer->key.get(), EVP_sha256());
  return made;
}

Pair write_files(const Identity& identity, const std::string& folder, const std::string& name) {
  Pair pair = {.certificate = folder + "/" + name + ".pem", .key = folder + "/" + name + ".key"};
  using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;
  const File certificate(std::fopen(pair.certificate.c_str(), "w"), std::fclose);
  PEM_write_X509(certificate.get(), identity.certificate.get());
  const File key(std::fopen(pair.key.c_str(), "w"), std::fclose);
  PEM_write_PrivateKey(key.get(), identity.key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  ::chmod(pair.key.c_str(), 0600);
  return pair;
}

}  // namespace

TlsFiles::TlsFiles() {
  const Identity authority = make_identity("ws101 tests", nullptr, true, 1);
  authority_ = write_files(authority, folder_.path(), "authority");
  server_ = write_files(make_identity("localhost", &authority, false, 2), folder_.path(), "server");
  client_ = write_files(make_identity("a client", &authority, false, 3), folder_.path(), "client");
  stranger_ = write_files(make_identity("localhost", nullptr, false, 4), folder_.path(), "stranger");
}

std::string TlsFiles::write(const std::string& name, const std::string& text, int mode) const {
  const std::string path = folder_.path() + "/" + name;
  std::ofstream(path) << text;
  ::chmod(path.c_str(), static_cast<mode_t>(mode));
  return path;
}

const TlsFiles& tls_files() {
  static const TlsFiles made;
  return made;
}

}  // namespace reactor::tests
