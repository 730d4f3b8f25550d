"""A test that holds a library to what may run between clone3(2) and execve(2)."""


def signal_safe_test(name, library, allowed, **kwargs):
    """Fails unless the undefined symbols of `library`'s objects are within `allowed`.

    Args:
      name: of the test.
      library: a cc_library of one or more .cc files.
      allowed: symbols of libc that the objects may refer to.
      **kwargs: passed on to the test.
    """

    # A cc_library in `data` brings no archive along; a filegroup does.
    native.filegroup(
        name = name + "_archive",
        testonly = True,
        srcs = [library],
    )
    native.sh_test(
        name = name,
        size = "small",
        srcs = ["//tools/signal_safe:check.sh"],
        args = ["$(locations :{}_archive)".format(name), "--"] + allowed,
        data = [":{}_archive".format(name)],
        **kwargs
    )
