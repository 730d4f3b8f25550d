"""The libraries this project uses, all from Debian packages.

Repositories and targets carry their upstream names, so that BUILD files read
the same wherever the libraries come from.
"""

load("//third_party:busybox.bzl", "busybox")
load("//third_party:debian_archives.bzl", "debian_archives")
load("//third_party:program.bzl", "system_program")
load("//third_party:system_library.bzl", "system_library")

_ABSL = {
    "absl/cleanup": ["cleanup"],
    "absl/container": ["btree", "flat_hash_map", "flat_hash_set", "inlined_vector"],
    "absl/debugging": ["failure_signal_handler", "symbolize"],
    "absl/flags": ["flag", "parse", "usage"],
    "absl/functional": ["any_invocable", "function_ref"],
    "absl/hash": ["hash"],
    "absl/random": ["random"],
    "absl/status": ["status", "statusor"],
    "absl/strings": ["cord", "str_format", "strings"],
    "absl/synchronization": ["synchronization"],
    "absl/time": ["time"],
    "absl/types": ["span"],
}

# Targets whose pkg-config module is not called absl_<target>.
_ABSL_MODULES = {
    "flag": "absl_flags",
    "parse": "absl_flags_parse",
    "random": "absl_random_random",
    "usage": "absl_flags_usage",
}

def system_libraries():
    busybox(name = "busybox")
    debian_archives(
        name = "apparmor",
        package = "apparmor",
    )
    system_program(
        name = "conmon",
        apt = "conmon",
        program = "conmon",
    )
    system_program(
        name = "dbus_daemon",
        apt = "dbus-daemon",
        program = "dbus-daemon",
    )
    debian_archives(
        name = "linux_image",
        names = "linux-(image|modules|binary)-.*",
        package = "linux-image-cloud-amd64",
    )
    system_program(
        name = "nft",
        apt = "nftables",
        program = "nft",
    )
    system_program(
        name = "newgidmap",
        apt = "uidmap",
        program = "newgidmap",
    )
    system_program(
        name = "newuidmap",
        apt = "uidmap",
        program = "newuidmap",
    )
    system_program(
        name = "nsenter",
        apt = "util-linux",
        program = "nsenter",
    )
    system_program(
        name = "podman",
        apt = "podman",
        program = "podman",
    )
    system_program(
        name = "qemu",
        apt = "qemu-system-x86",
        program = "qemu-system-x86_64",
    )
    system_program(
        name = "setpriv",
        apt = "util-linux",
        program = "setpriv",
    )
    system_program(
        name = "strace",
        apt = "strace",
        program = "strace",
    )
    system_library(
        name = "com_google_absl",
        apt = "libabsl-dev",
        headers = ["absl"],
        targets = {
            package + ":" + target: [_ABSL_MODULES.get(target, "absl_" + target)]
            for package, targets in _ABSL.items()
            for target in targets
        },
    )
    system_library(
        name = "com_github_google_benchmark",
        apt = "libbenchmark-dev",
        headers = ["benchmark"],
        static = False,
        targets = {":benchmark": ["benchmark"]},
    )
    system_library(
        name = "com_google_googletest",
        apt = "libgmock-dev libgtest-dev",
        headers = ["gmock", "gtest"],
        targets = {":gtest": ["gmock"], ":gtest_main": ["gmock_main"]},
    )
    system_library(
        name = "com_googlesource_code_re2",
        apt = "libre2-dev",
        headers = ["re2"],
        targets = {":re2": ["re2"]},
    )
    system_library(
        name = "curl",
        apt = "libcurl4-openssl-dev",
        headers = ["curl"],
        static = False,
        targets = {":curl": ["libcurl"]},
    )
    system_program(
        name = "docker_registry",
        apt = "docker-registry",
        program = "docker-registry",
    )
    system_library(
        name = "isal",
        apt = "libisal-dev",
        headers = ["isa-l"],
        static = False,
        targets = {":isal": ["libisal"]},
    )
    system_library(
        name = "libarchive",
        apt = "libarchive-dev",
        headers = ["archive.h", "archive_entry.h"],
        static = False,
        targets = {":libarchive": ["libarchive"]},
    )
    system_library(
        name = "libedit",
        apt = "libedit-dev libbsd-dev libmd-dev libncurses-dev",
        headers = ["histedit.h"],
        targets = {":libedit": ["libedit", "tinfo", "libbsd"]},
    )
    # These three only for the benchmark that stands beside them.
    system_library(
        name = "libmnl",
        apt = "libmnl-dev",
        headers = ["libmnl"],
        static = False,
        targets = {":libmnl": ["libmnl"]},
    )
    system_library(
        name = "libnftables",
        apt = "libnftables-dev",
        headers = ["nftables"],
        static = False,
        targets = {":libnftables": ["libnftables"]},
    )
    system_library(
        name = "libnftnl",
        apt = "libnftnl-dev",
        headers = ["libnftnl"],
        static = False,
        targets = {":libnftnl": ["libnftnl"]},
    )
    system_library(
        name = "libseccomp",
        apt = "libseccomp-dev",
        headers = ["seccomp.h", "seccomp-syscalls.h"],
        targets = {":libseccomp": ["libseccomp"]},
    )
    system_library(
        name = "libsystemd",
        apt = "libsystemd-dev",
        headers = ["systemd"],
        static = False,
        targets = {":libsystemd": ["libsystemd"]},
    )
    system_library(
        name = "nlohmann_json",
        apt = "nlohmann-json3-dev",
        headers = ["nlohmann"],
        targets = {":json": ["nlohmann_json"]},
    )
    system_library(
        name = "openssl",
        apt = "libssl-dev",
        headers = ["openssl"],
        static = False,
        targets = {":crypto": ["libcrypto"]},
    )
    # With the libraries that its first process needs (ldd).
    debian_archives(
        name = "systemd",
        names = "systemd|libsystemd0|libsystemd-shared|lib(acl1|apparmor1|audit1|blkid1|cap-ng0|cap2|" +
                "crypt1|gcrypt20|gpg-error0|ip4tc2|kmod2|lz4-1|lzma5|mount1|pam0g|pcre2-8-0|" +
                "seccomp2|selinux1|ssl3|zstd1)",
        package = "systemd",
    )
    system_library(
        name = "tomlplusplus",
        apt = "libtomlplusplus-dev",
        header_only = True,
        headers = ["toml++"],
        targets = {":tomlplusplus": ["tomlplusplus"]},
    )
    system_library(
        name = "zlib",
        apt = "zlib1g-dev",
        headers = ["zconf.h", "zlib.h"],
        targets = {":zlib": ["zlib"]},
    )
    system_library(
        name = "zstd",
        apt = "libzstd-dev",
        headers = ["zdict.h", "zstd.h", "zstd_errors.h"],
        targets = {":zstd": ["libzstd"]},
    )
