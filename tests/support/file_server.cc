// pawl-file-server HOST:PORT FOLDER: serves the files of one folder over HTTP, for the quickstart and for
// tests that need something to fetch. One connection at a time, one request each; not for production.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

namespace {

constexpr std::size_t kMaxRequestBytes = 16 * 1024;  // a GET from our own tool has a few hundred

/// "127.0.0.1:8080" as a socket address.
std::optional<sockaddr_in> parse_address(const std::string& text) {
  const auto colon = text.rfind(':');
  sockaddr_in address{};
  address.sin_family = AF_INET;
  if (colon == std::string::npos) return std::nullopt;
  address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(text.c_str() + colon + 1)));
  if (inet_pton(AF_INET, text.substr(0, colon).c_str(), &address.sin_addr) != 1) return std::nullopt;
  return address;
}

std::string read_request(int connection) {
  std::string request;
  char buffer[4096];
  while (request.find("\r\n\r\n") == std::string::npos && request.size() < kMaxRequestBytes) {
    const ssize_t n = recv(connection, buffer, sizeof(buffer), 0);
    if (n <= 0) break;
    request.append(buffer, static_cast<std::size_t>(n));
  }
  return request;
}

std::string answer(std::string_view status, std::string_view type, std::string_view body) {
  std::string text = "HTTP/1.1 ";
  text.append(status).append("\r\nContent-Type: ").append(type);
  text.append("\r\nContent-Length: ")
      .append(std::to_string(body.size()))
      .append("\r\nConnection: close\r\n\r\n");
  return text.append(body);
}

/// Only plain names of the folder itself are served: no path can lead out of it.
std::string respond(const std::string& request, const std::filesystem::path& folder) {
  if (!request.starts_with("GET /")) return answer("405 Method Not Allowed", "text/plain", "only GET\n");
  const std::string name = request.substr(5, request.find_first_of(" ?", 5) - 5);
  if (name.find('/') != std::string::npos || name.starts_with('.')) {
    return answer("404 Not Found", "text/plain", "no such file\n");
  }
  std::ifstream file(folder / name, std::ios::binary);
  if (name.empty() || !file) return answer("404 Not Found", "text/plain", "no such file\n");
  const std::string body{std::istreambuf_iterator<char>(file), {}};
  return answer("200 OK", name.ends_with(".json") ? "application/json" : "text/plain; charset=utf-8", body);
}

[[noreturn]] void serve(int listener, const std::filesystem::path& folder) {
  for (;;) {
    const int connection = accept(listener, nullptr, nullptr);
    if (connection < 0) continue;
    const timeval patience{.tv_sec = 5, .tv_usec = 0};
    setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    const std::string text = respond(read_request(connection), folder);
    for (std::size_t sent = 0; sent < text.size();) {
      const ssize_t n = send(connection, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
      if (n <= 0) break;
      sent += static_cast<std::size_t>(n);
    }
    close(connection);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const auto address = argc == 3 ? parse_address(argv[1]) : std::nullopt;
  if (!address) {
    std::fputs("usage: pawl-file-server HOST:PORT FOLDER\n", stderr);
    return 2;
  }
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (bind(listener, reinterpret_cast<const sockaddr*>(&*address), sizeof(*address)) != 0 ||
      listen(listener, 64) != 0) {
    std::fprintf(stderr, "pawl-file-server: can't listen on %s\n", argv[1]);
    return 1;
  }
  serve(listener, argv[2]);
}
