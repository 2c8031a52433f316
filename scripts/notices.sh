#!/bin/sh
# What of this host's engine tsoverlay's users should know beforehand: one line each, nothing when all is well.
# docs/plugin.md, "Engines", has more on each.
set -u
say() { echo "install: notice: $*" >&2; }

engine=$(docker version --format '{{.Server.Version}}' 2>/dev/null)
major=${engine%%.*}
rest=${engine#*.}
minor=${rest%%.*}
runc=$(runc --version 2>/dev/null | sed -n 's/^runc version //p')

case "$engine" in
  29.0.0 | 29.0.1)
    say "Docker $engine cannot connect a bridge network to a container that has docker_gwbridge; 29.0.2 can" ;;
esac

case "$major:$minor" in
  29:[5-9] | 29:[1-9][0-9] | [3-9][0-9]:*)
    case "$runc" in
      1.0.* | 1.1.*) say "runc $runc cannot start the containers of Docker $engine; install runc 1.2 or later" ;;
    esac ;;
esac

if docker info --format '{{json .}}' 2>/dev/null | grep -q '"FirewallBackend":{"Driver":"nftables'; then
  [ "$(cat "${IP_FORWARD:-/proc/sys/net/ipv4/ip_forward}")" = 1 ] ||
    say "with its nftables backend the engine does not turn forwarding on: sysctl -w net.ipv4.ip_forward=1, and keep it in /etc/sysctl.d"
  say "with its nftables backend the engine loses ways out and published ports at 'nft flush ruleset' until dockerd is restarted"
fi

case "$(docker info --format '{{.Swarm.LocalNodeState}}' 2>/dev/null)" in
  active | pending | locked)
    say "this engine is in a swarm: where it says \"legacy plugin ... is not supported in swarm mode\", set SCOPE=local for tsoverlay run as a process and restart dockerd, or take the managed plugin" ;;
esac
exit 0
