"""Tests with real containers: as root, on the host itself, one at a time."""

load("@rules_cc//cc:defs.bzl", "cc_test")

def rooted_test(name, **kwargs):
    cc_test(
        name = name,
        tags = [
            "exclusive",
            "local",
            "requires-root",
        ],
        **kwargs
    )
