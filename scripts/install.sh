#!/bin/sh
# Installs tsoverlay as a managed plugin on this host, or replaces the one that is there without disturbing running
# containers, and tries it with a real network.
#
#   sh scripts/install.sh CLUSTER_STORE=consul://10.0.0.60:8500 CLUSTER_ADVERTISE=eth0
#
# Arguments are settings, as for `docker plugin set`; those that are left out stay as they were. From the environment:
# FOLDER (build/plugin), NAME (tsoverlay/driver), IMAGE (busybox: what the trial's container is made of), BIN
# (/usr/local/bin: where the operator's commands go, from tsoverlay.sh beside this script).
set -eu

name=${NAME:-tsoverlay/driver}
folder=${FOLDER:-$(dirname "$0")/../build/plugin}
image=${IMAGE:-busybox}
bin=${BIN:-/usr/local/bin}
trial="tsoverlay-trial-$(hostname)"

say() { echo "install: $*" >&2; }
fail() {
  say "$1"
  shift
  for advice in "$@"; do echo "         $advice" >&2; done
  exit 1
}

check_host() {
  [ "$(id -u)" = 0 ] || fail "must run as root" "It makes /var/lib/tsoverlay and looks at the kernel."
  docker version >/dev/null 2>&1 || fail "docker does not answer" \
    "Is the engine running? With a socket elsewhere: DOCKER_HOST=unix:///elsewhere/docker.sock sh $0 …"
  [ -f "$folder/config.json" ] || fail "$folder has no plugin" "Make it with: npm run plugin"
  release=$(uname -r)
  major=${release%%.*}
  rest=${release#*.}
  [ "$major" -gt 4 ] || { [ "$major" = 4 ] && [ "${rest%%.*}" -ge 18 ]; } ||
    fail "kernel $release is too old" "Node and the nftables rules want Linux 4.18 or later."
  ip link add tso-trial type vxlan id 16777215 dstport 0 2>/dev/null ||
    fail "the kernel makes no vxlan device" \
      "modprobe vxlan, and put vxlan into /etc/modules-load.d/tsoverlay.conf." \
      "Not there at all? Cloud kernels have it in a package of extra modules (linux-modules-extra-$release)."
  ip link delete tso-trial
  if command -v modprobe >/dev/null && [ -d "/lib/modules/$release" ]; then
    modprobe -q nf_tables || [ -d /sys/module/nf_tables ] ||
      fail "the kernel has no nf_tables" "Names of other hosts would not resolve. CONFIG_NF_TABLES is what is missing."
  fi
}

# The engine's API is reached through the folder of its socket, for a socket is made anew when the engine restarts.
socket_folder() {
  case "${DOCKER_HOST:-}" in
    unix://*/docker.sock) dirname "${DOCKER_HOST#unix://}" ;;
    unix://*) fail "the engine's socket ${DOCKER_HOST#unix://} is not named docker.sock" "Let dockerd make another: -H" ;;
    *) [ -S /run/docker.sock ] && echo /run || fail "there is no /run/docker.sock" \
      "Say where it is: DOCKER_HOST=unix:///elsewhere/docker.sock sh $0 …" ;;
  esac
}

SETTINGS='{{range .Settings.Env}}{{println .}}{{end}}
{{range .Settings.Mounts}}{{if eq .Name "data"}}data.source={{.Source}}{{println}}{{end}}{{end}}'
# What is set on the plugin that is there; all that another version may not know is left to its default.
settings_before() {
  docker plugin inspect --format "$SETTINGS" "$name" 2>/dev/null |
    grep -v -e '^PLUGIN_SOCKETS=' -e '^MALLOC_' | while IFS= read -r setting; do
      key=${setting%%=*}
      grep -q "\"${key%.source}\"" "$folder/config.json" && printf '%s\n' "$setting"
    done
}

install_plugin() {
  before=$(settings_before || true)
  if docker plugin inspect "$name" >/dev/null 2>&1; then
    say "replacing $name; running containers keep their network and names of this host"
    docker plugin disable -f "$name" >/dev/null 2>&1 || true
    docker plugin rm -f "$name" >/dev/null
  fi
  mkdir -p -m 700 /var/lib/tsoverlay
  docker plugin create "$name" "$folder" >/dev/null
  printf '%s\n' "$before" | while IFS= read -r setting; do
    [ -z "$setting" ] || docker plugin set "$name" "$setting"
  done
  engine_folder=$(socket_folder)
  docker plugin set "$name" "engine.source=$engine_folder" "$@"
  docker plugin enable "$name" >/dev/null || explain_start
}

# The engine only says that nobody answers; why stands in its log.
explain_start() {
  id=$(docker plugin inspect --format '{{.Id}}' "$name")
  why=$(journalctl -u docker --since -1min -o cat 2>/dev/null | grep "plugin=$id" | grep -o 'msg="tsoverlay: [^"]*' |
    tail -n 1 | sed 's/^msg="//')
  fail "the plugin does not start: ${why:-see the log of dockerd for lines with plugin=$id}" \
    "Put it right with: docker plugin set $name SETTING=value; docker plugin enable $name"
}

have_image() {
  docker image inspect "$image" >/dev/null 2>&1 || docker pull -q "$image" >/dev/null 2>&1
}

# A network, and a container in it that knows its own name: all parts have worked.
try() {
  trap 'docker network rm "$trial" >/dev/null 2>&1 || true' EXIT
  problem=$(docker network create -d tsoverlay --ipam-driver tsoverlay "$trial" 2>&1) || explain_trial "$problem"
  if have_image; then
    problem=$(docker run --rm --net "$trial" --name "$trial" "$image" \
      sh -c "ip addr show eth0 && nslookup $trial && ip route | grep -q default" 2>&1) || explain_trial "$problem"
    say "a network and a container in it work"
  else
    say "a network works; no image $image to try a container with (IMAGE=… names one that is here)"
  fi
}

explain_trial() {
  case "$1" in
    *"out of reach"*) fail "$1" "Can this host reach Consul? curl http://CONSUL:8500/v1/status/leader" \
      "With TLS and ACL: CLUSTER_STORE_OPTS=kv.cacertfile=/var/lib/tsoverlay/ca.pem,kv.tokenfile=/var/lib/tsoverlay/token" ;;
    *"waiting for it"*) fail "$1" "docker plugin disable -f $name; docker plugin set $name CLUSTER_ADVERTISE=…; enable" ;;
    *"could not resolve driver"* | *"not found"*) fail "$1" \
      "The engine does not see /run/docker/plugins/tsoverlay.sock; does dockerd run with another --exec-root?" ;;
    *EADDRINUSE* | *EEXIST*) fail "$1" "Who has UDP 4789, or the same VXLAN id? ip -d link show type vxlan; ss -ulnp" ;;
    *) fail "the trial failed: $1" "See the log of dockerd (journalctl -u docker) for lines with plugin=." ;;
  esac
}

# Commands are of use when nothing else works: a host gets them whatever becomes of the trial.
put_commands() {
  script=$(dirname "$0")/tsoverlay.sh
  [ -f "$script" ] || return 0
  install -m 755 "$script" "$bin/tsoverlay" 2>/dev/null ||
    say "the commands could not be put into $bin; sh $script stands for them (BIN=… names another folder)"
}

check_host
put_commands
! [ -f "$(dirname "$0")/notices.sh" ] || sh "$(dirname "$0")/notices.sh"
install_plugin "$@"
try
say "done. Between hosts UDP 4789 must be open, both ways; see it from another host of the cluster:"
echo "         docker run -d --name there --net NETWORK $image sleep 600    # here" >&2
echo "         docker run --rm --net NETWORK $image ping -c 3 there         # on the other host" >&2
echo "         Name known but no answer? tcpdump -ni any udp port 4789 on both shows where it is dropped." >&2
