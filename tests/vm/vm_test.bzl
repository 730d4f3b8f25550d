"""Tests that run in a guest: see README.md."""

load("@rules_cc//cc:defs.bzl", "cc_test")

# What run.sh boots.
GUEST = [
    "//tests/vm:guest.cpio",
    "//tests/vm:tsc_khz",
    "//tests/vm:vmlinux",
    "@busybox//:busybox",
    "@qemu//:qemu-system-x86_64",
]

def vm_test(name, test, size = "medium", memory = 768, cpus = 1, disk = 0, systemd = False, args = [], tags = [], **kwargs):
    """A test target that runs once more, in a guest.

    Args:
      name: of the new target.
      test: a cc_test, or any program that writes test XML as GoogleTest does. Its runfiles come
        along.
      size: the guest is killed ten seconds before the time of this size is over.
      memory: of the guest, in MB. The root file system takes its share.
      cpus: of the guest.
      disk: /dev/shm, where the tests' worlds are, is an ext4 disk of so many MB instead of a tmpfs.
      systemd: is the first process of the guest.
      args: for the test.
      tags: the new target's, besides its own.
      **kwargs: common to all tests.
    """
    native.sh_test(
        name = name,
        size = size,
        srcs = ["//tests/vm:run.sh"],
        args = [
            "--memory=%d" % memory,
            "--cpus=%d" % cpus,
            "--disk=%d" % disk,
        ] + (["--systemd"] if systemd else []) + ["$(rootpath %s)" % test] + args,
        data = GUEST + (["//tests/vm:systemd.cpio"] if systemd else []) + [test],
        tags = tags + ["cpu:%d" % cpus],
        **kwargs
    )

def vm_cc_test(name, srcs, deps, data = [], **kwargs):
    """A C++ test that runs in a guest only: arguments of cc_test, and of vm_test for the rest."""
    cc_test(
        name = name + "_program",
        srcs = srcs,
        data = data,
        deps = deps,
        # Built, but not run on the machine itself.
        tags = ["manual"],
    )
    vm_test(name = name, test = ":" + name + "_program", **kwargs)
