// Which handler serves which method at which path. Paths are compared byte by byte as they stand in the request line:
// no pattern, no decoding, so nothing that a client writes differently reaches a handler by another name.
#pragma once

#include <map>
#include <string>

#include "http/exchange.hpp"

namespace http {

class Routes {
 public:
  void add(std::string method, std::string path, Handler handler);
  // Runs the handler of the request, or answers 404, or 405. HEAD is served by the handler of GET (RFC 9110 9.3.2).
  void dispatch(Exchange& exchange) const;

 private:
  using Methods = std::map<std::string, Handler, std::less<>>;
  static std::string allowed(const Methods& methods);

  std::map<std::string, Methods, std::less<>> paths_;
};

}  // namespace http
