// What a caller of Networks may choose; the defaults are those of the pelagos program.
#pragma once

#include <string>
#include <vector>

namespace pelagos::net {

struct NetworksOptions {
  std::string dns_program;  // empty: pelagos-dns beside the running program
  // Where subnets are taken from, in /24 blocks; the first that has one.
  std::vector<std::string> pools = {"10.99.0.0/16", "10.112.0.0/12"};
  std::string resolv_conf = "/etc/resolv.conf";  // the host's, for names of the outside
  std::string definitions = {};                  // DATA/networks; empty: `network create` is off
};

}  // namespace pelagos::net
