"""Debian packages as they are, downloaded but not installed.

For what must not be installed on the machine that tests: a kernel would want to be booted.

    debian_archives(
        name = "linux_image",
        package = "linux-image-cloud-amd64",
        names = "linux-(image|modules|binary)-.*",
    )

makes @linux_image//:archives the .deb files of the package and of all it depends on whose names
match; of the package alone without `names`.  The version is apt's candidate.
"""

load(":system_library.bzl", "missing")

_BUILD_FILE = """\
filegroup(
    name = "archives",
    srcs = glob(["*.deb"]),
    visibility = ["//visibility:public"],
)
"""

def _debian_archives_impl(ctx):
    if not ctx.which("apt-get"):
        missing("apt-get", "apt")
    names = ctx.attr.names or ctx.attr.package.replace("+", "[+]")
    fetched = ctx.execute(
        ["bash", ctx.path(ctx.attr._fetch), ctx.attr.package, names],
        timeout = 900,
    )
    if fetched.return_code != 0:
        fail("\n\n    {} cannot be downloaded:\n{}\n".format(ctx.attr.package, fetched.stderr))
    ctx.file("BUILD.bazel", _BUILD_FILE, executable = False)

debian_archives = repository_rule(
    implementation = _debian_archives_impl,
    doc = "The archives of a Debian package.",
    attrs = {
        "names": attr.string(doc = "An extended regular expression for the whole name."),
        "package": attr.string(mandatory = True),
        "_fetch": attr.label(default = "//third_party:fetch_archives.sh", allow_single_file = True),
    },
    configure = True,
    environ = ["PELAGOS_TEST_CACHE", "XDG_CACHE_HOME"],
)
