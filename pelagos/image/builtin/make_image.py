"""Makes the built-in image: an OCI image layout, as a tar, of one static busybox.

    make_image.py BUSYBOX OUTPUT.tar

The same busybox gives the same bytes: names are sorted, times are zero, nothing is compressed (it is
loaded once, from the disk beside it, and then a plain tar is the fastest).
Source: image-spec 1.1 (image-layout.md, manifest.md, config.md).
"""

import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile

REFERENCE = "docker.io/library/busybox:latest"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "riscv64": "riscv64", "s390x": "s390x",
                 "ppc64le": "ppc64le"}

# Mount points and the folders that programs expect; mode by path.
FOLDERS = {
    "": 0o755, "bin": 0o755, "dev": 0o755, "etc": 0o755, "home": 0o755, "lib": 0o755,
    "media": 0o755, "mnt": 0o755, "opt": 0o755, "proc": 0o555, "root": 0o700, "run": 0o755,
    "sbin": 0o755, "srv": 0o755, "sys": 0o555, "tmp": 0o1777, "usr": 0o755, "usr/bin": 0o755,
    "usr/lib": 0o755, "usr/local": 0o755, "usr/local/bin": 0o755, "usr/local/sbin": 0o755,
    "usr/sbin": 0o755, "usr/share": 0o755, "var": 0o755, "var/cache": 0o755, "var/lib": 0o755,
    "var/log": 0o755, "var/spool": 0o755, "var/tmp": 0o1777,
}

FILES = {
    # What containers mount their own over.
    "etc/hostname": "", "etc/hosts": "", "etc/resolv.conf": "",
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
    "etc/group": "root:x:0:\nnobody:x:65534:\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
    "etc/profile": "export PATH=" + PATH + "\n",
}


def entry(name, kind, mode):
    info = tarfile.TarInfo(name)
    info.type = kind
    info.mode = mode
    return info


def add(tar, name, content, mode=0o644):
    info = entry(name, tarfile.REGTYPE, mode)
    info.size = len(content)
    tar.addfile(info, io.BytesIO(content))


def applets(program):
    """Paths of the applets' links, without a leading slash."""
    names = subprocess.run([program, "--list-full"], check=True, stdout=subprocess.PIPE,
                           universal_newlines=True).stdout.split()
    # Those that belong at the root, as /linuxrc, are of no use in a container.
    return sorted(name for name in names if "/" in name and name != "bin/busybox")


def layer(program):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, mode in sorted(FOLDERS.items()):
            tar.addfile(entry("./" + name, tarfile.DIRTYPE, mode))
        for name, content in sorted(FILES.items()):
            add(tar, "./" + name, content.encode())
        with open(program, "rb") as file:
            add(tar, "./bin/busybox", file.read(), 0o755)
        for name in applets(program):
            link = entry("./" + name, tarfile.SYMTYPE, 0o777)
            link.linkname = os.path.relpath("bin/busybox", os.path.dirname(name))
            tar.addfile(link)
    return out.getvalue()


def main(program, output):
    blobs = {}

    def blob(content, media_type):
        digest = hashlib.sha256(content).hexdigest()
        blobs[digest] = content
        return {"mediaType": media_type, "digest": "sha256:" + digest, "size": len(content)}

    def document(value, media_type):
        return blob(json.dumps(value, sort_keys=True, separators=(",", ":")).encode(), media_type)

    machine = os.uname().machine
    platform = {"os": "linux", "architecture": ARCHITECTURES.get(machine, machine)}
    files = blob(layer(program), "application/vnd.oci.image.layer.v1.tar")
    config = document(
        dict(platform, config={"Env": ["PATH=" + PATH], "Cmd": ["sh"]},
             rootfs={"type": "layers", "diff_ids": [files["digest"]]}),
        "application/vnd.oci.image.config.v1+json")
    manifest_type = "application/vnd.oci.image.manifest.v1+json"
    manifest = document({"schemaVersion": 2, "mediaType": manifest_type, "config": config,
                         "layers": [files]}, manifest_type)
    manifest["platform"] = platform
    manifest["annotations"] = {"org.opencontainers.image.ref.name": REFERENCE}
    index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
             "manifests": [manifest]}
    with tarfile.open(output, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        add(tar, "oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
        add(tar, "index.json", json.dumps(index, sort_keys=True).encode())
        for folder in ["blobs", "blobs/sha256"]:
            tar.addfile(entry(folder, tarfile.DIRTYPE, 0o755))
        for digest, content in sorted(blobs.items()):
            add(tar, "blobs/sha256/" + digest, content)


if __name__ == "__main__":
    main(*sys.argv[1:])
