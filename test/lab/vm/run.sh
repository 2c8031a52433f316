#!/bin/bash
# run.sh COMMAND [ARG…]: runs it as root in a virtual machine with Debian's kernel, in this folder, and exits with its status.
# For what this machine's own kernel may lack (WireGuard). No KVM, no disk image, no network card: hosts are namespaces.
# The same node, the same paths, but whatever it writes is gone after, except below VM_OUT.
#
# VM_DIR where all of it is kept; VM_MEM; VM_CPUS; VM_LIMIT seconds; VM_OUT a folder that it may write to, at the same path.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

export VM_DIR=${VM_DIR:-/var/cache/tsoverlay/vm} VM_OUT=${VM_OUT:-}
memory=${VM_MEM:-3G}
limit=${VM_LIMIT:-900}
say() { echo "vm: $*" >&2; }

[ $# -gt 0 ] || { say "run what?"; exit 64; }
"$here/prepare.sh"

job=$(mktemp -d "$VM_DIR/job.XXXX")
daemons=()
end() {
  [ ${#daemons[@]} = 0 ] || kill "${daemons[@]}" 2>/dev/null || true
  rm -rf "$job"
}
trap end EXIT
trap 'exit 130' INT TERM

export LD_LIBRARY_PATH=$VM_DIR/qemu/usr/lib/x86_64-linux-gnu:$VM_DIR/qemu/lib/x86_64-linux-gnu

# share NAME ro|rw FOLDER: a daemon that serves it. It sees a bind mount in that mode, so not even root inside can write more.
share() {
  local view=$job/$1 socket=$job/$1.sock
  mkdir "$view"
  VIEW=$view SOCKET=$socket MODE=$2 FROM=$3 DAEMON=$VM_DIR/qemu/usr/lib/qemu/virtiofsd unshare -m bash -ec '
    mount --make-rprivate /
    mount --bind "$FROM" "$VIEW"
    if [ "$FROM" = / ]; then
      # File systems below it that hold files; /proc, /sys, /dev and /run are made anew inside.
      for at in $(findmnt -rno TARGET -t ext2,ext3,ext4,xfs,btrfs,zfs); do
        case $at in / | /run/* | */tsoverlay/disks/*) continue ;; esac
        mount --bind "$at" "$VIEW$at" && mount -o remount,bind,ro "$VIEW$at"
      done
    fi
    mount -o "remount,bind,$MODE" "$VIEW"
    exec "$DAEMON" --socket-path="$SOCKET" -o source="$VIEW" -o cache=always -o sandbox=chroot --thread-pool-size=2
  ' >"$job/$1.log" 2>&1 &
  daemons+=($!)
  for _ in $(seq 100); do
    [ ! -S "$socket" ] || return 0
    sleep 0.1
  done
  say "virtiofsd does not serve $3: $(tail -1 "$job/$1.log")"
  exit 70
}

cp "$here/guest.sh" "$job/"
printf 'VM_DIR=%q VM_OUT=%q\n' "$VM_DIR" "$VM_OUT" >"$job/settings"
{
  printf 'cd %q\n' "$PWD"
  printf '%q ' "$@"
} >"$job/command"

share root ro /
devices=(-chardev "socket,id=root,path=$job/root.sock" -device vhost-user-fs-pci,chardev=root,tag=root,queue-size=1024)
if [ -n "$VM_OUT" ]; then
  mkdir -p "$VM_OUT"
  share out rw "$VM_OUT"
  devices+=(-chardev "socket,id=out,path=$job/out.sock" -device vhost-user-fs-pci,chardev=out,tag=out)
fi

# Without AVX, which tcg is slow at and WireGuard would choose; with rdrand, or all waits for entropy. virtiofs wants
# shared memory. The clock source is left to the kernel's watchdog: a TSC that it is told to trust may run at twice the speed.
timeout "$limit" "$VM_DIR/qemu/usr/bin/qemu-system-x86_64" \
  -L "$VM_DIR/qemu/usr/share/qemu" -L "$VM_DIR/qemu/usr/share/seabios" \
  -M q35 -accel tcg,thread=multi,tb-size=256 -cpu Nehalem,+rdrand -smp "${VM_CPUS:-2}" -m "$memory" \
  -object "memory-backend-memfd,id=mem,size=$memory,share=on" -numa node,memdev=mem "${devices[@]}" \
  -nodefaults -no-user-config -display none -serial stdio -no-reboot \
  -kernel "$VM_DIR/vmlinuz" -initrd "$VM_DIR/initramfs.gz" \
  -append "console=ttyS0 quiet loglevel=4 panic=-1 mitigations=off random.trust_cpu=on tsoverlay.job=$job" \
  </dev/null | stdbuf -oL tr -d '\r' | tee "$job/console" | grep --line-buffered -v '^vm: status ' || true

status=$(sed -n 's/^vm: status //p' "$job/console" | tail -1)
if [ -z "$status" ]; then
  say "the machine ended without a word, or its $limit s were over"
  exit 70
fi
exit "$status"
