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

# The process id of the plugin; nothing when it does not run.
running() {
  for process in /proc/[0-9]*; do
    if tr '\0' '\n' <"$process/cmdline" 2>/dev/null | grep -qx "$program"; then
      echo "${process#/proc/}"
      return
    fi
  done
}

# Reads settings, one a line.
take() {
  while IFS= read -r setting; do
    [ -z "$setting" ] || export "$setting"
  done
}

# A report is for this host's folder, not for the plugin's own files.
report() {
  for word; do
    case $word in --output | --output=* | --json | --help) return 1 ;; esac
  done
  [ "${1-}" = report ]
}
if report "$@"; then
  case " $* " in *' --html '*) kind=html ;; *) kind=tar ;; esac
  file=tsoverlay-$(hostname)-$(date -u +%Y%m%dT%H%M%SZ).$kind
  umask 077
  sh "$0" "$@" --output - >"$file"
  echo "$file: tokens, keys and labels are left out, but look through it before you send it"
  exit
fi

pid=$(running)
if [ -n "$pid" ]; then
  take <<END
$(tr '\0' '\n' <"/proc/$pid/environ")
END
  exec nsenter --target "$pid" --mount --net --pid /usr/bin/node "$program" "$@"
fi

config=$(grep -l "$program" "$root"/plugins/*/config.json 2>/dev/null | head -n 1)
if [ -z "$config" ]; then
  echo "tsoverlay: this host has no tsoverlay plugin in $root/plugins; docs/plugin.md says how to install it," \
    "DOCKER_ROOT names another folder of the engine" >&2
  exit 2
fi
rootfs=${config%/config.json}/rootfs

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
