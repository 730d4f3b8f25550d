#!/usr/bin/env bash
# newest.sh [ROUNDS]    the comparison beside the newest crun and runc that Debian has
#
# Both come from Debian's unstable release, and need its libraries: a root file system of it is made
# once (mmdebstrap), and the comparison runs in there, in a mount namespace of its own. By root:
#
#   bazel run -c opt //benchmarks/compare:newest -- 60
set -euo pipefail

root=${PELAGOS_NEWEST:-/var/cache/pelagos-benchmarks/unstable}
if [[ ! -x $root/usr/bin/crun ]]; then
  if ! command -v mmdebstrap >/dev/null; then
    echo "newest.sh: mmdebstrap is not there: apt-get install mmdebstrap" >&2
    exit 1
  fi
  mirror=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
    sed -n 's/ [a-z]*$//p' | head -n 1)
  mkdir -p "$(dirname "$root")"
  rm -rf "$root.part"
  # A mirror may be a snapshot, older than its release file wants to be; it is signed all the same.
  mmdebstrap --variant=minbase --quiet --aptopt='Acquire::Check-Valid-Until "false"' \
    --include=crun,runc,bubblewrap,busybox-static,strace,libstdc++6 unstable "$root.part" "$mirror"
  mv "$root.part" "$root"
fi

# `bazel run` starts in the runfiles.
runfiles=$PWD
exec unshare --mount --propagation private -- bash -euc '
  root=$1 runfiles=$2 rounds=$3
  mount --bind "$root" "$root"
  for folder in proc sys dev run; do mount --rbind "/$folder" "$root/$folder"; done
  mount -t tmpfs tmpfs "$root/tmp"
  mkdir "$root/tmp/runfiles" "$root/tmp/host"
  cp -rL "$runfiles"/. "$root/tmp/runfiles"
  cd "$root"
  pivot_root . tmp/host
  exec chroot . /bin/bash -euc "umount -l /tmp/host; cd /tmp/runfiles
    crun --version | head -n 1; runc --version | head -n 1
    exec benchmarks/compare/compare $rounds"
' newest "$root" "$runfiles" "${1:-60}"
