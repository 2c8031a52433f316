#!/bin/busybox sh
# PID 1 of the initramfs: this machine's root, read-only, with a tmpfs over it. What is written inside is gone after.
/bin/busybox --install -s /bin
export PATH=/bin
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys
. /modules.sh
mount -t virtiofs -o ro root /host || {
  echo 'vm: the root could not be mounted'
  poweroff -f
}
mount -t tmpfs -o size=80% rw /rw
mkdir /rw/upper /rw/work
mount -t overlay -o lowerdir=/host,upperdir=/rw/upper,workdir=/rw/work root /root
for place in dev proc sys; do mount --move "/$place" "/root/$place"; done
mount -t tmpfs -o mode=755 run /root/run
job=$(sed -n 's/.*tsoverlay\.job=\([^ ]*\).*/\1/p' /root/proc/cmdline)
exec switch_root /root /bin/bash "$job/guest.sh" "$job"
