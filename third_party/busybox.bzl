"""Debian's static busybox, for the built-in image."""

load(":system_library.bzl", "missing")

_APT = "busybox-static"

def _busybox_impl(ctx):
    for path in ["/bin/busybox", "/usr/bin/busybox"]:
        program = ctx.path(path)
        if program.exists:
            break
    if not program.exists:
        missing("busybox", _APT)

    # The package "busybox" puts a dynamic one at the same place; an image has no libraries for it.
    headers = ctx.execute(["readelf", "--program-headers", program])
    if headers.return_code != 0 or "INTERP" in headers.stdout:
        missing("a static busybox", _APT)
    ctx.symlink(program, "busybox")
    ctx.file("BUILD.bazel", 'exports_files(["busybox"])\n', executable = False)

busybox = repository_rule(
    implementation = _busybox_impl,
    doc = "@NAME//:busybox, the program.",
    configure = True,
)
