#!/bin/bash
# Fetches what the machine of run.sh is made of into $VM_DIR: QEMU, Debian's cloud kernel, kmod, all unpacked and none of
# it installed. Idempotent; nothing is done where the file `ready` says that this very script has been through.
set -euo pipefail
cd "$(dirname "$0")"

VM_DIR=${VM_DIR:-/var/cache/tsoverlay/vm}
say() { echo "vm: $*" >&2; }

if [ "$(id -u)" != 0 ]; then
  say "must run as root, for the machine's root is a bind mount of this one's"
  exit 1
fi
mkdir -p "$VM_DIR"
# Two test runs on one machine share the folder.
exec 9>"$VM_DIR/lock"
flock 9
stamp=$(cat prepare.sh init.sh | sha256sum)
[ "$(cat "$VM_DIR/ready" 2>/dev/null)" != "$stamp" ] || exit 0
rm -rf "$VM_DIR"/{ready,qemu,kernel,tools,initramfs}

# unpack FOLDER PACKAGE…: by apt's own mirror and checks; no script of a package runs.
unpack() {
  local folder=$1 debs
  shift
  debs=$(mktemp -d "$VM_DIR/debs.XXXX")
  mkdir -p "$folder"
  (cd "$debs" && apt-get -qq -o APT::Sandbox::User=root download "$@" >/dev/null) || { rm -rf "$debs"; return 1; }
  for deb in "$debs"/*.deb; do dpkg-deb -x "$deb" "$folder"; done
  rm -rf "$debs"
}

fetch() {
  local lacking image
  # Of what QEMU wants only that which this machine lacks.
  lacking=$(apt-get -s install --no-install-recommends qemu-system-x86 2>/dev/null | awk '/^Inst/ {print $2}')
  image=$(apt-cache depends linux-image-cloud-amd64 | awk '/Depends: linux-image/ {print $2}')
  # shellcheck disable=SC2086
  unpack "$VM_DIR/qemu" $(printf '%s\n' qemu-system-x86 qemu-system-common qemu-system-data seabios $lacking | sort -u) &&
    unpack "$VM_DIR/kernel" "$image" &&
    unpack "$VM_DIR/tools" kmod
}

say "fetching QEMU and a kernel, some 50 MB"
# A mirror that has moved on since the last update no longer has what the list names.
apt-cache show linux-image-cloud-amd64 >/dev/null 2>&1 && fetch || { apt-get -qq update && fetch; }

release=$(basename "$VM_DIR"/kernel/lib/modules/*)
modules=$VM_DIR/kernel/lib/modules/$release
cp "$VM_DIR/kernel/boot/vmlinuz-$release" "$VM_DIR/vmlinuz"
ln -sf kmod "$VM_DIR/tools/bin/depmod"
"$VM_DIR/tools/bin/depmod" -b "$VM_DIR/kernel" "$release"

# The initramfs: busybox, init.sh, and the modules that get at the root, each behind those that it needs.
tree=$VM_DIR/initramfs
mkdir -p "$tree"/{bin,dev,proc,sys,host,rw,root,modules}
cp "$(command -v busybox)" "$tree/bin/busybox"
order=""
for name in virtio_pci virtiofs overlay; do
  line=$(grep "/$name\.ko:" "$modules/modules.dep")
  for module in $(echo "${line#*:}" | tr ' ' '\n' | tac) "${line%%:*}"; do
    case " $order " in *" $module "*) ;; *) order="$order $module" ;; esac
  done
done
for module in $order; do
  cp "$modules/$module" "$tree/modules/"
  echo "insmod /modules/$(basename "$module")" >>"$tree/modules.sh"
done
install -m 755 init.sh "$tree/init"
(cd "$tree" && find . | busybox cpio -o -H newc 2>/dev/null | gzip -1 >"$VM_DIR/initramfs.gz")
echo "$stamp" >"$VM_DIR/ready"
