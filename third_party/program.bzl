"""A program that a Debian package installed."""

load(":system_library.bzl", "missing")

def _system_program_impl(ctx):
    program = ctx.which(ctx.attr.program)
    for folder in ["/usr/sbin", "/sbin"]:  # not in everybody's PATH
        path = ctx.path(folder + "/" + ctx.attr.program)
        if not program and path.exists:
            program = path
    if not program:
        missing(ctx.attr.program, ctx.attr.apt)
    ctx.symlink(program, ctx.attr.program)
    ctx.file("BUILD.bazel", "exports_files([{}])\n".format(repr(ctx.attr.program)), executable = False)

system_program = repository_rule(
    implementation = _system_program_impl,
    doc = "@NAME//:PROGRAM, as found by PATH.",
    attrs = {
        "apt": attr.string(mandatory = True, doc = "The Debian package to install."),
        "program": attr.string(mandatory = True),
    },
    configure = True,
)
