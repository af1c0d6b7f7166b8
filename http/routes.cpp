// Looking up a request's handler, and the answers where there is none.
#include "http/routes.hpp"

#include <utility>

namespace http {

void Routes::add(std::string method, std::string path, Handler handler) {
  paths_[std::move(path)].insert_or_assign(std::move(method), std::move(handler));
}

void Routes::dispatch(Exchange& exchange) const {
  const Request& request = exchange.request();
  const auto path = paths_.find(request.path());
  if (path == paths_.end()) return exchange.respond(text(404, "there is nothing at this path\n"));
  const Methods& methods = path->second;
  auto method = methods.find(request.method());
  if (method == methods.end() && request.method() == "HEAD") method = methods.find("GET");
  if (method != methods.end()) return method->second(exchange);
  exchange.respond({.status = 405,
                    .headers = {{"Allow", allowed(methods)}},
                    .body = "this path does not serve this method; it serves " + allowed(methods) + "\n"});
}

// RFC 9110 10.2.1: the value of an Allow field.
std::string Routes::allowed(const Methods& methods) {
  std::string list;
  for (const auto& [method, handler] : methods) {
    list.append(list.empty() ? "" : ", ").append(method);
    if (method == "GET" && !methods.contains("HEAD")) list.append(", HEAD");
  }
  return list;
}

}  // namespace http
