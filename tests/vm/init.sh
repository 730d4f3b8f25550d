#!/bin/busybox sh
# The first process of a guest: makes a machine of it, does /job, hands over /result, and is off.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb

# The ports are there once the host has answered.
port() {
  local tries=0
  until [ -c "/dev/vport0p$1" ] || [ $((tries += 1)) -gt 500 ]; do usleep 10000; done
  echo "/dev/vport0p$1"
}

do_job() {
  if [ -e /interactive ]; then
    . /job
    TERM=linux setsid cttyhack sh
  else
    sh /job >"$(port 1)" 2>&1
    echo $? >/result/code
    # The code comes last: where it is, all else is.
    cd /result && tar -c $(ls | grep -vx code) code >"$(port 2)"
  fi
  reboot -f
}

[ "$1" = job ] && do_job

# The kernel's first root cannot be pivoted away (pivot_root(2)); a mount of it on itself can.
if [ -z "$ROOT_IS_MOUNTED" ]; then
  export ROOT_IS_MOUNTED=1
  mount --bind / /mnt && cd /mnt && mount --move . / && exec chroot . /init
  echo "init: no root to pivot"
fi
unset ROOT_IS_MOUNTED

mount -t proc -o nosuid,nodev,noexec proc /proc
mount -t sysfs -o nosuid,nodev,noexec sysfs /sys
mount -t securityfs securityfs /sys/kernel/security
mount -t cgroup2 -o nosuid,nodev,noexec,nsdelegate cgroup2 /sys/fs/cgroup
mount -t devtmpfs -o nosuid devtmpfs /dev
mkdir -p /dev/pts /dev/shm /result
mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts /dev/pts
ln -sf /proc/self/fd /dev/fd
for folder in /dev/shm /run /tmp; do
  mount -t tmpfs -o nosuid,nodev tmpfs "$folder"
  chmod 1777 "$folder"
done
# In memory, too; but of a file system that is usually on disks.
if [ -e /disk ]; then
  modprobe brd rd_nr=1 rd_size=$(($(cat /disk) * 1024))
  mke2fs -F /dev/ram0 >/dev/null
  mount -t ext4 -o nosuid,nodev /dev/ram0 /dev/shm
  rmdir /dev/shm/lost+found
  chmod 1777 /dev/shm
fi
chmod 755 /run
mkdir -p /var
ln -sfn /run /var/run
# As systemd does: every controller for what is below the root.
for controller in $(cat /sys/fs/cgroup/cgroup.controllers); do
  echo "+$controller" >/sys/fs/cgroup/cgroup.subtree_control
done
ip link set lo up
hostname guest

modprobe virtio_pci
modprobe virtio_console
if [ -e /systemd ]; then
  # It starts job.service, which is this script again.
  exec /lib/systemd/systemd
fi
do_job
