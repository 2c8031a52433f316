#!/bin/bash
# PID 1 inside, with the machine's root in place: what a boot does, then the one command of the job.
# $1 the job's folder: `settings` and `command`, made by run.sh.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb
# shellcheck disable=SC1091
. "$1/settings"

mkdir -p /lib/modules && mount --bind "$VM_DIR/kernel/lib/modules" /lib/modules
# The kernel itself asks for modules, by this path (rtnl-link-wireguard, nft-expr-…).
cp "$VM_DIR/tools/bin/kmod" /sbin/kmod.vm
for name in modprobe insmod rmmod lsmod; do ln -sf kmod.vm "/sbin/$name"; done

mkdir -p /run/lock /run/netns /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs shm /dev/shm
mount -t cgroup2 cgroup /sys/fs/cgroup
ln -sf /proc/self/fd /dev/fd
for n in 0:stdin 1:stdout 2:stderr; do ln -sf "/proc/self/fd/${n%%:*}" "/dev/${n#*:}"; done
# The engines' own overlays cannot lie on the root's.
mkdir -p /var/cache/tsoverlay/disks && mount -t tmpfs disks /var/cache/tsoverlay/disks
hostname vm
ip link set lo up
if [ -n "$VM_OUT" ]; then
  mkdir -p "$VM_OUT" && modprobe virtiofs && mount -t virtiofs out "$VM_OUT"
fi
export LAB_SLOWNESS=8

echo "vm: up after $(cut -d' ' -f1 /proc/uptime) s, Linux $(uname -r)"
# Through a pipe: for a terminal there would be pictures of progress.
bash "$1/command" </dev/null 2>&1 | cat
status=${PIPESTATUS[0]}
echo "vm: done after $(cut -d' ' -f1 /proc/uptime) s"
echo "vm: status $status"
sync
exec busybox poweroff -f
