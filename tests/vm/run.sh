#!/usr/bin/env bash
# run.sh [--memory=MB] [--cpus=N] [--disk=MB] [--systemd] PROGRAM ARG...    runs a program of the runfiles in a guest
# run.sh [--memory=MB] [--cpus=N] [--disk=MB]                   a shell in a guest, at this terminal
#
# The guest is the kernel and the root file system of pack_guest.sh in QEMU, without hardware
# support, network or disks, and in it the runfiles of this script with the libraries they need.
# What the program writes comes out here as it is written; its exit code and its test XML come back
# at the end. Without them the guest's console is shown, and the test has failed.
set -euo pipefail

memory=768 cpus=2 disk=0 systemd=0
while [[ ${1:-} == --* ]]; do
  case $1 in
    --memory=*) memory=${1#*=} ;;
    --cpus=*) cpus=${1#*=} ;;
    --disk=*) disk=${1#*=} ;;
    --systemd) systemd=1 ;;  # is the guest's first process
    *) echo "run.sh: unknown option $1" >&2; exit 2 ;;
  esac
  shift
done
interactive=$((!$#))

runfiles=$(cd "${TEST_SRCDIR:-${RUNFILES_DIR:-$0.runfiles}}" && pwd)
workspace=${TEST_WORKSPACE:-pelagos}
boot=$runfiles/$workspace/tests/vm
busybox=$runfiles/busybox/busybox

work=$(mktemp -d "${TEST_TMPDIR:-/tmp}/vm.XXXXXX")
trap 'rm -rf "$work"' EXIT

# What is in the runfiles, without what boots the guest.
root=$work/root
mkdir -p "$root/runfiles"
here=()
for name in busybox qemu MANIFEST "$workspace"/{MANIFEST,external} \
  "$workspace"/tests/vm/{guest.cpio,systemd.cpio,tsc_khz,vmlinux}; do
  here+=("--exclude=./$name")
done
tar -c -h -C "$runfiles" "${here[@]}" . | tar -x -C "$root/runfiles"

# Libraries of the programs in it stand where they stand here. ldd complains of all else.
{ find "$root/runfiles" -type f -exec ldd {} + 2>/dev/null || true; } |
  sed -n 's/^.*\(=>\|\t\) *\(\/[^ ]*\) (0x.*/\2/p' | sort -u |
  xargs -r cp --parents -L -t "$root"

{
  echo "cd '/runfiles/$workspace'"
  if ((interactive)); then
    echo 'PATH=$PATH:$PWD/tools'
  else
    echo 'export TEST_SRCDIR=/runfiles TEST_TMPDIR=/tmp XML_OUTPUT_FILE=/result/test.xml'
    printf 'export TEST_WORKSPACE=%q\n' "$workspace"
    for name in TESTBRIDGE_TEST_ONLY ${!GTEST_*}; do
      case $name in
        GTEST_OUTPUT | GTEST_SHARD_STATUS_FILE | GTEST_TMP_DIR) ;;  # paths of this machine
        *) [[ -z ${!name+set} ]] || printf 'export %s=%q\n' "$name" "${!name}" ;;
      esac
    done
    printf '%q ' "$@"
    echo
  fi
} >"$root/job"
((interactive)) && touch "$root/interactive"
((!disk)) || echo "$disk" >"$root/disk"

# An initial root file system may be several archives one after the other.
cat "$boot/guest.cpio" >"$work/initrd"
((!systemd)) || cat "$boot/systemd.cpio" >>"$work/initrd"
(cd "$root" && find . | "$busybox" cpio -o -H newc -R 0:0 2>/dev/null) >>"$work/initrd"
rm -rf "$root"

qemu=$runfiles/qemu/qemu-system-x86_64
machine=(
  -nodefaults -no-user-config -no-reboot -display none
  # -cx16: QEMU 7.2 emulates cmpxchg16b in a way that the kernel's allocator rarely survives.
  -machine pc -accel tcg -cpu max,-cx16 -smp "$cpus" -m "$memory"
  -kernel "$boot/vmlinux" -initrd "$work/initrd"
  -append "console=ttyS0 quiet panic=-1 reboot=t rdinit=/init nokaslr mitigations=off
    no_timer_check tsc=reliable tsc_early_khz=$("$boot/tsc_khz")"
)
if ((interactive)); then
  "$qemu" "${machine[@]}" -serial mon:stdio
  exit
fi

# Enough time to show the console before Bazel loses patience.
patience=$((${TEST_TIMEOUT:-300} - 10))
set +e
timeout --kill-after=2 "$patience" "$qemu" "${machine[@]}" \
  -serial "file:$work/console" -device virtio-serial \
  -chardev file,id=output,path=/dev/stdout -device virtserialport,chardev=output,nr=1 \
  -chardev "file,id=result,path=$work/result" -device virtserialport,chardev=result,nr=2 \
  </dev/null | cat  # QEMU opens its output anew: of a file it would be the beginning
ended=${PIPESTATUS[0]}
set -e

mkdir "$work/results"
tar -x -f "$work/result" -C "$work/results" 2>/dev/null || true
code=$(cat "$work/results/code" 2>/dev/null) || code=
if [[ -f $work/results/test.xml && -n ${XML_OUTPUT_FILE:-} ]]; then
  cp "$work/results/test.xml" "$XML_OUTPUT_FILE"
fi
[[ -z ${TEST_SHARD_STATUS_FILE:-} ]] || touch "$TEST_SHARD_STATUS_FILE"
case $ended in
  0) ;;
  124 | 137) echo "run.sh: the guest was killed after $patience s" ;;
  *) echo "run.sh: QEMU ended with $ended" ;;
esac
if [[ -z $code ]]; then
  echo "run.sh: the guest gave no result"
  code=1
elif ((ended)); then
  echo "run.sh: its result was there before that, and counts"
fi
if ((code)); then
  echo "--- the guest's console ---"
  tr -d '\r' <"$work/console"
fi
exit "$code"
