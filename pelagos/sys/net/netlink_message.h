// Netlink messages as bytes: a batch that is written message by message, and a reader of
// attributes.
//
// Source: netlink(7), include/uapi/linux/netlink.h. The static programs of Pelagos cannot use
// libmnl and libnftnl (Debian has no static archive of libmnl), and what they need is little: so
// this small writer is our own. It only makes bytes; netlink.h sends them.
//
//   | nlmsghdr | family's header | attr | attr [ attr attr ] |   each piece padded to 4 bytes
#pragma once

#include <arpa/inet.h>
#include <linux/netlink.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace pelagos::sys {

// Several messages for one sendmsg(2). Each has a label that says what it does; a failure is worded
// with it: "creating bridge 'pg-0': Operation not permitted".
class MessageBatch {
 public:
  // Starts a message; `header` is the family's (ifinfomsg, nfgenmsg...). NLM_F_REQUEST is implied.
  template <typename Header>
  void Begin(uint16_t type, uint16_t flags, const Header& header, std::string label) {
    start_ = bytes_.size();
    nlmsghdr message{};
    message.nlmsg_type = type;
    message.nlmsg_flags = static_cast<uint16_t>(flags | NLM_F_REQUEST);
    message.nlmsg_seq = static_cast<uint32_t>(labels_.size());
    labels_.push_back(std::move(label));
    Append(&message, sizeof(message));
    Append(&header, sizeof(header));
    Close(start_);
  }

  void Put(uint16_t type, absl::string_view value) {
    const size_t start = Open(type);
    Append(value.data(), value.size());
    End(start, bytes_.size() - start - sizeof(nlattr) - value.size());
  }
  void PutString(uint16_t type, const std::string& value) {
    Put(type, {value.c_str(), value.size() + 1});
  }
  void PutU8(uint16_t type, uint8_t value) { PutRaw(type, value); }
  void PutU16(uint16_t type, uint16_t value) { PutRaw(type, value); }
  void PutU32(uint16_t type, uint32_t value) { PutRaw(type, value); }
  void PutBe32(uint16_t type, uint32_t value) { PutRaw(type, htonl(value)); }
  template <typename Struct>
  void PutRaw(uint16_t type, const Struct& value) {
    Put(type, {reinterpret_cast<const char*>(&value), sizeof(value)});
  }
  // An attribute that holds what `fill` puts: Nest(IFLA_LINKINFO, [&] { batch.PutString(...); });
  template <typename Fill>
  void Nest(uint16_t type, Fill fill) {
    const size_t start = Open(static_cast<uint16_t>(type | NLA_F_NESTED));
    fill();
    End(start);
  }
  // As Nest, with a struct before the attributes (VETH_INFO_PEER).
  template <typename Struct, typename Fill>
  void NestWithHeader(uint16_t type, const Struct& header, Fill fill) {
    const size_t start = Open(static_cast<uint16_t>(type | NLA_F_NESTED));
    Append(&header, sizeof(header));
    fill();
    End(start);
  }

  const std::string& bytes() const { return bytes_; }
  // One label a message; a message's sequence number is its index.
  const std::vector<std::string>& labels() const { return labels_; }
  bool empty() const { return labels_.empty(); }

  // Asks for an acknowledgement of the message that was begun last.
  void Acknowledge() {
    nlmsghdr message;
    std::memcpy(&message, bytes_.data() + start_, sizeof(message));
    message.nlmsg_flags |= NLM_F_ACK;
    std::memcpy(bytes_.data() + start_, &message, sizeof(message));
  }

 private:
  void Append(const void* data, size_t size) {
    bytes_.append(static_cast<const char*>(data), size);
    bytes_.resize((bytes_.size() + 3) & ~size_t{3});
  }
  size_t Open(uint16_t type) {
    const size_t start = bytes_.size();
    const nlattr attribute{0, type};
    Append(&attribute, sizeof(attribute));
    return start;
  }
  // Writes the length of the attribute that began at `start`, without the padding behind it.
  void End(size_t start, size_t padding = 0) {
    const uint16_t length = static_cast<uint16_t>(bytes_.size() - start - padding);
    std::memcpy(bytes_.data() + start, &length, sizeof(length));
    Close(start_);
  }
  void Close(size_t start) {
    const uint32_t length = static_cast<uint32_t>(bytes_.size() - start);
    std::memcpy(bytes_.data() + start, &length, sizeof(length));
  }

  std::string bytes_;
  std::vector<std::string> labels_;
  size_t start_ = 0;
};

// The attributes in a piece of a message. Malformed ones end the reading: nothing outside of
// `bytes` is looked at.
class AttributeReader {
 public:
  explicit AttributeReader(absl::string_view bytes) : rest_(bytes) {}

  struct Attribute {
    uint16_t type = 0;  // without the NLA_F_ flags
    absl::string_view value;

    // The value as a number or struct; zero if it is too short.
    template <typename Struct>
    Struct As() const {
      Struct result{};
      if (value.size() >= sizeof(result)) std::memcpy(&result, value.data(), sizeof(result));
      return result;
    }
    // Up to the first NUL.
    std::string AsString() const { return std::string(value.substr(0, value.find('\0'))); }
  };

  std::optional<Attribute> Next() {
    nlattr header;
    if (rest_.size() < sizeof(header)) return std::nullopt;
    std::memcpy(&header, rest_.data(), sizeof(header));
    if (header.nla_len < sizeof(header) || header.nla_len > rest_.size()) return std::nullopt;
    Attribute attribute{static_cast<uint16_t>(header.nla_type & NLA_TYPE_MASK),
                        rest_.substr(sizeof(header), header.nla_len - sizeof(header))};
    rest_.remove_prefix(std::min<size_t>(rest_.size(), (header.nla_len + size_t{3}) & ~size_t{3}));
    return attribute;
  }

  // The first attribute of that type, if any.
  static std::optional<Attribute> Find(absl::string_view bytes, uint16_t type) {
    AttributeReader reader(bytes);
    while (std::optional<Attribute> attribute = reader.Next()) {
      if (attribute->type == type) return attribute;
    }
    return std::nullopt;
  }

 private:
  absl::string_view rest_;
};

}  // namespace pelagos::sys
