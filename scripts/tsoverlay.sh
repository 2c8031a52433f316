#!/bin/sh
# tsoverlay's commands on a host that has it as a managed plugin, with the plugin's own program, settings and certificates.
# It need not run: of a plugin that is disabled or does not start, program and settings lie in the engine's folder, and
# neither the engine nor the plugin is asked.
#
#   sh scripts/tsoverlay.sh status
#   sh scripts/tsoverlay.sh node forget 10.0.0.61
#
# DOCKER_ROOT: the engine's folder, where that is not /var/lib/docker (dockerd --data-root).
set -eu

program=/usr/lib/tsoverlay/main.mjs
root=${DOCKER_ROOT:-/var/lib/docker}

# Without a word the program serves, which is the engine's to begin.
[ $# -gt 0 ] || set -- --help

# The process id of the plugin that lives in $rootfs; nothing when it does not run. What a process calls itself anybody can
# choose, a container too, and environment and program are about to be taken from it: but nobody except the engine gives it
# the plugin's root. A command of this script's, which may have that too, has more words than the program.
running() {
  for process in /proc/[0-9]*; do
    [ "$process/root/." -ef "$rootfs/." ] || continue
    [ "$(tr '\0' '\n' <"$process/cmdline" 2>/dev/null | tail -n 1)" = "$program" ] || continue
    echo "${process#/proc/}"
    return
  done
}

# Sets rootfs, and pid where it runs: of several plugins that one.
find_plugin() {
  first=
  for config in "$root"/plugins/*/config.json; do
    grep -qs "$program" "$config" || continue
    rootfs=${config%/config.json}/rootfs
    first=${first:-$rootfs}
    pid=$(running)
    [ -z "$pid" ] || return 0
  done
  rootfs=$first
  [ -n "$rootfs" ]
}

# Reads settings, one a line.
take() {
  while IFS= read -r setting; do
    [ -z "$setting" ] || export "$setting"
  done
}

refuse() {
  echo "tsoverlay: $1" >&2
  exit 2
}

# A report is for a folder of this host, not for the plugin's own files: the program gets it as an open file. That is one
# beside it, which takes its place once it is whole; /dev/null and the like are only written to.
report() {
  file= kind=tar asked= handed=/proc/self/fd/3
  for word; do
    shift
    case $asked$word in
      --output) asked=file: ;;
      --output=*) file=${word#--output=} ;;
      file:*) file=$word asked= ;;
      *)
        [ "$word" != --html ] || kind=html
        set -- "$@" "$word"
        ;;
    esac
  done
  [ -z "$asked" ] || refuse "option '--output <file>' argument missing"
  if [ "$file" = - ]; then
    sh "$0" "$@" --output=-
    return
  fi
  file=${file:-tsoverlay-$(hostname)-$(date -u +%Y%m%dT%H%M%SZ).$kind}
  [ ! -d "$file" ] || refuse "the report cannot be written to $file: it is a folder; say --output FILE"
  part= status=0
  if [ ! -e "$file" ] || [ -f "$file" ]; then
    part=$(mktemp -- "$file.XXXXXX" 2>/dev/null) || refuse "the report cannot be written to $file; say --output FILE"
    trap 'rm -f -- "$part"' EXIT
    trap 'exit 130' HUP INT TERM
  fi
  said=$(sh "$0" "$@" --output="$handed" 3>"${part:-$file}") || status=$?
  if [ "$status" = 0 ] && [ -n "$part" ]; then mv -- "$part" "$file"; fi
  case $said in *"$handed"*) said=${said%%"$handed"*}$file${said#*"$handed"} ;; esac
  [ -z "$said" ] || printf '%s\n' "$said"
  return "$status"
}
case "$* " in
  *' --help '* | *' --output=- '* | *' --output=/proc/self/fd/3 '*) ;;
  'report '*)
    report "$@"
    exit
    ;;
esac

if ! find_plugin; then
  echo "tsoverlay: this host has no tsoverlay plugin in $root/plugins; docs/plugin.md says how to install it," \
    "DOCKER_ROOT names another folder of the engine" >&2
  exit 2
fi
config=${rootfs%/rootfs}/config.json

if [ -n "$pid" ]; then
  take <<END
$(tr '\0' '\n' <"/proc/$pid/environ")
END
  exec nsenter --target "$pid" --mount --net --pid /usr/bin/node "$program" "$@"
fi

# What the engine would give it: environment, and where its mounts come from.
take <<END
$(chroot "$rootfs" /usr/bin/node -e '
const { Settings } = JSON.parse(require("fs").readFileSync(0)).plugin;
const source = (name) => Settings.Mounts.find((mount) => mount.Name === name)?.Source;
for (const line of Settings.Env) if (!line.includes("\n")) console.log(line);
console.log(`engine_source=${source("engine") ?? "/run"}`);
console.log(`data_source=${source("data") ?? "/var/lib/tsoverlay"}`);
' <"$config")
END
export rootfs program

# All mounts go with the command.
exec unshare --mount sh -c '
  mkdir -p /run/docker "$data_source"
  mount --rbind /run/docker "$rootfs/host/docker"
  mount --bind "$engine_source" "$rootfs/host/engine"
  mount --rbind "$data_source" "$rootfs/var/lib/tsoverlay"
  mount -t tmpfs tmpfs "$rootfs/etc"
  cp /etc/hosts /etc/resolv.conf "$rootfs/etc/" 2>/dev/null || true
  for folder in dev proc sys; do mount --rbind "/$folder" "$rootfs/$folder"; done
  exec chroot "$rootfs" /usr/bin/node "$program" "$@"
' sh "$@"
