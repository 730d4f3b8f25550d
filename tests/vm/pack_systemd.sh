#!/usr/bin/env bash
# pack_systemd.sh CPIO BUSYBOX DBUS_DAEMON ARCHIVE.deb...
# Makes what a guest has on top if systemd is its first process: that of the archives, with the
# libraries it needs, and a bus with no secrets.
set -euo pipefail
cpio=$PWD/$1 busybox=$PWD/$2 daemon=$3
shift 3

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
debian=$work/debian guest=$work/guest
mkdir -p "$debian" "$guest"/{etc/systemd/system,usr/lib/x86_64-linux-gnu,usr/sbin}
for archive; do
  dpkg-deb --fsys-tarfile "$archive" |
    tar -x -C "$debian" --exclude='./usr/share/doc' --exclude='./usr/share/man'
done
(cd "$debian" && cp --parents -t "$guest" lib/systemd/systemd bin/systemctl usr/bin/systemd-run)
find "$debian"/{,usr/}lib/x86_64-linux-gnu -maxdepth 1 -name '*.so.*' \
  -exec cp -P -t "$guest/usr/lib/x86_64-linux-gnu" {} +
cp -r -t "$guest/usr/lib/x86_64-linux-gnu" "$debian/usr/lib/x86_64-linux-gnu/systemd"

cp -L "$daemon" "$guest/usr/sbin/dbus-daemon"
ldd "$daemon" | sed -n 's/^.*=> *\(\/[^ ]*\) (0x.*/\1/p' | xargs cp --parents -L -n -t "$guest"
cat >"$guest/etc/systemd/bus.conf" <<'END'
<busconfig>
<type>system</type><listen>unix:path=/run/dbus/system_bus_socket</listen><auth>EXTERNAL</auth>
<policy context="default">
<allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/><allow user="*"/>
</policy></busconfig>
END
cd "$guest/etc/systemd/system"
# systemd goes by these names to find the bus.
printf '%s\n' '[Unit]' DefaultDependencies=no '[Socket]' \
  ListenStream=/run/dbus/system_bus_socket >dbus.socket
printf '%s\n' '[Unit]' DefaultDependencies=no Requires=dbus.socket After=dbus.socket '[Service]' \
  'ExecStart=/usr/sbin/dbus-daemon --config-file=/etc/systemd/bus.conf --address=systemd: --nofork --nopidfile' \
  >dbus.service
printf '%s\n' '[Unit]' DefaultDependencies=no '[Service]' Type=oneshot Delegate=yes \
  'ExecStart=/init job' StandardInput=null StandardOutput=null >job.service
printf '%s\n' '[Unit]' DefaultDependencies=no Wants='job.service dbus.socket' >default.target
touch "$guest/systemd"

(cd "$guest" && find . | LC_ALL=C sort | "$busybox" cpio -o -H newc -R 0:0) >"$cpio" 2>/dev/null
