// What a caller of Networks may choose; the defaults are those of the pelagos program.
#pragma once

#include <string>

namespace pelagos::net {

struct NetworksOptions {
  std::string dns_program;                       // empty: pelagos-dns beside the running program
  std::string pool = "10.99.0.0/16";             // where subnets are taken from, in /24 blocks
  std::string resolv_conf = "/etc/resolv.conf";  // the host's, for names of the outside
};

}  // namespace pelagos::net
