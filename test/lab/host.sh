#!/bin/sh
# PID 1 of a lab host: makes the mounts that are the host's own, then reaps orphans until the power is cut.
# $1 the host's disk, $2 its name, $3 its name server
set -e
hostname "$2"

# /sys of the machine shows the machine's devices; a new one lacks the cgroups, without which dockerd dies.
mount --rbind /sys/fs/cgroup "$1/cgroup"
mount -t sysfs sysfs /sys
mount --move "$1/cgroup" /sys/fs/cgroup

# Below /var/lib and /etc the host may write; the machine sees none of it, the host finds it again after a reboot.
for place in etc var/lib; do
  mkdir -p "$1/$place" "$1/work/$place"
  mount -t overlay -o "lowerdir=/$place,upperdir=$1/$place,workdir=$1/work/$place" overlay "/$place"
done
# An overlay cannot carry the engine's own overlays.
mkdir -p "$1/docker" /var/lib/docker /var/lib/tsoverlay
mount --bind "$1/docker" /var/lib/docker
rm -f /etc/resolv.conf
echo "nameserver $3" >/etc/resolv.conf

# Shared, for what a managed plugin mounts must reach the host.
mount -t tmpfs -o mode=755 tmpfs /run
mount --make-shared /run
# No /run/docker: it is the engine's or the plugin's to make, whoever comes first.
mkdir -p /run/lock

touch /run/lab-ready
sleep infinity &
wait
