#!/bin/sh
# Makes this machine ready for the tests: node_modules, Debian packages, engines and Consul in the cache.
# --clang, as the first argument: the compiler of bpf/ too. All others go on to test/lab/setup.ts (--engine <version> …,
# --no-engines). Idempotent; under a second when nothing is to be done.
set -eu
cd "$(dirname "$0")/.."

if [ "$(id -u)" != 0 ]; then
  echo "prepare: must run as root, for the lab makes namespaces, mounts and cgroups" >&2
  exit 1
fi

# `npm ci` would empty what a link leads to, under the feet of whoever uses it.
if [ -L node_modules ]; then
  echo "prepare: node_modules is a link; remove it, so that this checkout gets its own" >&2
  exit 1
fi

# npm's own record of what it installed tells whether the lock file has changed since.
if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  echo "prepare: npm ci"
  npm ci --silent --no-audit --no-fund
  touch node_modules/.package-lock.json
fi

# The compiler of bpf/ takes 300 MB, and one test wants it: the built programs are in the tree.
clang=""
if [ "${1-}" = --clang ]; then
  clang=clang-14
  shift
fi

packages="busybox-static iptables nftables iproute2 util-linux iperf3 bridge-utils iputils-ping tcpdump xz-utils gpgv
  ca-certificates gcc libc6-dev libfaketime libdevmapper1.02.1 libsystemd0 libseccomp2 dbus python3-dbus python3-gi
  chromium fonts-dejavu-core zsh $clang"
missing=""
for package in $packages; do
  # A package's list of files is there from unpacking on; dpkg-query would take a second for all of them.
  [ -e "/var/lib/dpkg/info/$package.list" ] || [ -e "/var/lib/dpkg/info/$package:$(dpkg --print-architecture).list" ] ||
    missing="$missing $package"
done
if [ -n "$missing" ]; then
  echo "prepare: apt-get install$missing"
  export DEBIAN_FRONTEND=noninteractive
  # Another run on this machine may hold dpkg's lock.
  apt-get -qq -o DPkg::Lock::Timeout=120 update
  # shellcheck disable=SC2086
  apt-get -qq -y -o DPkg::Lock::Timeout=120 install --no-install-recommends $missing >/dev/null
fi

exec node --import tsx test/lab/setup.ts "$@"
