#!/usr/bin/env bash
# pack_guest.sh VMLINUX CPIO EXTRACT BUSYBOX INIT MODULES ARCHIVE.deb... PROGRAM...
# Makes what every guest boots: the kernel as an ELF file, and a root file system with busybox, the
# kernel modules and AppArmor's compiler from the archives, and programs of this machine.
set -euo pipefail
shopt -s nullglob
vmlinux=$PWD/$1 cpio=$PWD/$2 extract=$PWD/$3 busybox=$PWD/$4 init=$5 modules=$6
shift 6

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/debian" "$work/guest"
programs=()
for archive; do
  if [[ $archive != *.deb ]]; then
    programs+=("$archive")
    continue
  fi
  dpkg-deb --fsys-tarfile "$archive" |
    tar -x -C "$work/debian" --exclude='./usr/share/doc' --exclude='./usr/share/man'
done

kernels=("$work"/debian/{boot,usr/lib/modules/*}/vmlinuz*)
"$extract" "${kernels[0]}" "$vmlinux"
folders=("$work"/debian/{,usr/}lib/modules/*)
all=${folders[0]}
version=${all##*/}

guest=$work/guest
mkdir -p "$guest"/{bin,dev,etc,lib64,mnt,proc,root,run,sbin,sys,tmp} \
  "$guest"/{lib/modules/"$version",usr/{bin,sbin},var/{cache,lib,tmp}}
chmod 1777 "$guest"/{tmp,var/tmp}
cp "$busybox" "$guest/bin/busybox"
chmod 755 "$guest/bin/busybox"
for applet in $("$busybox" --list); do
  [[ $applet == busybox ]] || ln -s /bin/busybox "$guest/bin/$applet"
done
# Where the kernel looks for it.
ln -s /bin/busybox "$guest/sbin/modprobe"
ln -s /proc/self/mounts "$guest/etc/mtab"
cd "$guest/etc"
printf '%s\n' root:x:0:0:root:/root:/bin/sh nobody:x:65534:65534:nobody:/:/bin/false >passwd
printf '%s\n' root:x:0: nogroup:x:65534: >group
echo 127.0.0.1 localhost >hosts
cd - >/dev/null
cp "$init" "$guest/init"
chmod 755 "$guest/init"

# Modules: those of the list, and what modules.dep says that they need.
base=${all%/lib/modules/*}
"$busybox" depmod -b "$base" "$version"
while read -r wanted; do
  [[ -z $wanted || $wanted == \#* ]] && continue
  grep -E "^kernel/${wanted//./[.]}(/[^:]*)?([.][a-z]+)?:" "$all/modules.dep" || {
    echo "pack_guest: the kernel has no module $wanted" >&2
    exit 1
  }
done <"$modules" | tr -d ':' | tr ' ' '\n' | sort -u |
  (cd "$all" && xargs cp --parents -t "$guest/lib/modules/$version")
cp "$all"/modules.{builtin,order} "$guest/lib/modules/$version" 2>/dev/null || true
find "$guest/lib/modules" -name '*.xz' -exec xz -d {} +
"$busybox" depmod -b "$guest" "$version"

# AppArmor's compiler, what it reads, and the abstractions that profiles include.
(cd "$work/debian" &&
  cp -r --parents -t "$guest" sbin/apparmor_parser etc/apparmor{,.d} usr/share/apparmor*)

# Programs, and the libraries of all of them where they stand here.
((!${#programs[@]})) || cp -L "${programs[@]}" "$guest/usr/sbin/"
chmod u+s "$guest"/usr/sbin/new[gu]idmap
{ ldd "$guest"/{,usr/}sbin/* 2>/dev/null || true; } |
  sed -n 's/^.*\(=>\|\t\) *\(\/[^ ]*\) (0x.*/\2/p' | sort -u |
  xargs cp --parents -L -t "$guest"

(cd "$guest" && find . | LC_ALL=C sort | "$busybox" cpio -o -H newc -R 0:0) >"$cpio" 2>/dev/null
