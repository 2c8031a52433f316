#!/bin/sh
# tsoverlay's commands on a host that has it as a managed plugin, with the plugin's own settings and certificates:
#
#   sh scripts/tsoverlay.sh status
#   sh scripts/tsoverlay.sh node forget 10.0.0.61
set -eu

program=/usr/lib/tsoverlay/main.mjs

running() {
  for process in /proc/[0-9]*; do
    if tr '\0' '\n' <"$process/cmdline" 2>/dev/null | grep -qx "$program"; then
      echo "${process#/proc/}"
      return
    fi
  done
  echo "tsoverlay: the plugin does not run on this host; docker plugin enable tsoverlay/driver" >&2
  return 1
}

pid=$(running)
while IFS= read -r setting; do
  export "$setting"
done <<END
$(tr '\0' '\n' <"/proc/$pid/environ")
END
exec nsenter --target "$pid" --mount --net /usr/bin/node "$program" "$@"
