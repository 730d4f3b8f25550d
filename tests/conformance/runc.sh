#!/usr/bin/env bash
# runc.sh [FILE.bats...]    runc's own integration tests, with Pelagos in runc's place
#
# The tests are those of Debian's source package, run in a Debian root file system that is made once
# (mmdebstrap), in mount and network namespaces of their own. By root:
#
#   bazel run -c opt //tests/conformance:runc
#   bazel run -c opt //tests/conformance:runc -- exec.bats tty.bats
#
# docs/oci.md says which of them differ, and why.
set -euo pipefail

root=${PELAGOS_CONFORMANCE:-/var/cache/pelagos-tests/conformance}
if [[ ! -e $root/made ]]; then
  if ! command -v mmdebstrap >/dev/null; then
    echo "runc.sh: mmdebstrap is not there: apt-get install mmdebstrap" >&2
    exit 1
  fi
  . /etc/os-release
  mirror=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
    sed -n "s/ ${VERSION_CODENAME}\$//p" | head -n 1)
  mkdir -p "$(dirname "$root")"
  rm -rf "$root.part"
  packages=bats,busybox-static,ca-certificates,dpkg-dev,gawk,gcc,git,golang-go
  packages+=,golang-github-opencontainers-runc-dev,iproute2,jq,libc6-dev,libseccomp-dev,pkg-config
  packages+=,procps,uidmap,util-linux,xz-utils
  # What is newer than this mirror's release file is not asked for.
  mmdebstrap --variant=minbase --quiet --aptopt='Acquire::Check-Valid-Until "false"' \
    --include="$packages" "$VERSION_CODENAME" "$root.part" \
    "deb $mirror $VERSION_CODENAME main" "deb-src $mirror $VERSION_CODENAME main"
  cp -L /etc/resolv.conf /etc/hosts "$root.part/etc/" 2>/dev/null || true
  cat >"$root.part/make" <<'MAKE'
set -euo pipefail
mkdir -p /src && cd /src
options='-qq -o APT::Sandbox::User=root -o Acquire::Check-Valid-Until=false'
apt-get $options update
apt-get $options source --download-only runc
rm -rf tree && mkdir tree && tar -x -f runc_*.orig.tar.* -C tree --strip-components=1
# The helpers of the tests, where Go looks for packages.
export GOPATH=/src/go GO111MODULE=off HOME=/root
mkdir -p go && cp -a /usr/share/gocode/src go/
rm -rf go/src/github.com/opencontainers/runc
ln -s /src/tree go/src/github.com/opencontainers/runc
cd go/src/github.com/opencontainers/runc
for helper in recvtty sd-helper seccompagent; do
  go build -tags seccomp -o "contrib/cmd/$helper/$helper" "./contrib/cmd/$helper"
done
# The images: busybox with its names, a program that greets, this system.
images=/src/tree/tests/integration/testdata
mkdir -p /src/busybox/{bin,dev,etc,home,lib,root,tmp,usr/bin,var}
cp /bin/busybox /src/busybox/bin/
for name in $(busybox --list | grep -vx busybox); do
  ln -f /src/busybox/bin/busybox "/src/busybox/bin/$name"
done
echo 'root:x:0:0:root:/root:/bin/sh' >/src/busybox/etc/passwd
echo 'root:x:0:' >/src/busybox/etc/group
mkdir -p /src/hello
printf '#include <stdio.h>\nint main(void) { return puts("\\nHello from Docker!") < 0; }\n' >/src/hello.c
gcc -static -o /src/hello/hello /src/hello.c
machine=$(go env GOARCH)
tar -C /src/busybox -c . | xz -0 >"$images/busybox-$machine.tar.xz"
tar -C /src/hello -c . | xz -0 >"$images/hello-world-$machine.tar.xz"
cd /
tar -c --exclude='usr/lib/go*' --exclude=usr/lib/gcc bin etc lib* sbin usr/bin usr/lib* usr/sbin \
  var/cache/ldconfig | xz -0 -T0 >"$images/debian-$machine.tar.xz"
MAKE
  # Its network is ours: the source package is fetched.
  unshare --mount --propagation private -- bash -euc '
    mount --bind "$1" "$1"
    for folder in proc sys dev; do mount --rbind "/$folder" "$1/$folder"; done
    exec chroot "$1" /bin/bash /make' make "$root.part"
  touch "$root.part/made"
  mv "$root.part" "$root"
fi

# `bazel run` starts in the runfiles; where it was called from is not for the program to go to.
runfiles=$PWD
unset BUILD_WORKING_DIRECTORY BUILD_WORKSPACE_DIRECTORY
# No chroot(2): in one, nobody can make user namespaces (user_namespaces(7)).
exec unshare --mount --net --propagation private -- bash -euc '
  root=$1 runfiles=$2
  shift 2
  mount --bind "$root" "$root"
  for folder in proc sys dev; do mount --rbind "/$folder" "$root/$folder"; done
  for folder in tmp run; do mount -t tmpfs tmpfs "$root/$folder"; done
  mkdir "$root/run/pelagos-program" "$root/run/host"
  cp -L "$runfiles"/tools/pelagos* "$root/run/pelagos-program"
  ln -s pelagos "$root/run/pelagos-program/pelagos-oci"
  ip link set lo up
  cd "$root"
  pivot_root . run/host
  exec chroot . /bin/bash -euc "
    umount -l /run/host
    export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
    export RUNC=/run/pelagos-program/pelagos-oci
    cd /src/tree/tests/integration
    [[ \$# -gt 0 ]] || set -- \$(ls *.bats | grep -v -e checkpoint -e sshfs)
    code=0
    bats \"\$@\" || code=\$?
    # With v1 the tests make folders for controllers that are mounted nowhere.
    find /sys/fs/cgroup -xdev -mindepth 1 -depth -type d -exec rmdir {} + 2>/dev/null || true
    exit \$code" bats "$@"
' runc "$root" "$runfiles" "$@"
