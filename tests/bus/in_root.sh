#!/bin/sh
# Runs a program of another root folder, such as a Debian of another release, on this machine's network and with its
# /tmp: in_root.sh ROOT COMMAND… Its mounts are its own and end with it. Needs to be root, except for the root "/".
set -eu
root=$1
shift
[ "$root" != / ] || exec "$@"
# shellcheck disable=SC2016 # the inner shell's
exec unshare --mount --propagation private sh -ec '
  root=$1
  shift
  mount -t proc proc "$root/proc"
  mount --rbind /dev "$root/dev"
  mount --bind /tmp "$root/tmp"
  [ ! -e "$root/etc/hosts" ] || mount --bind /etc/hosts "$root/etc/hosts"
  exec chroot "$root" "$@"' sh "$root" "$@"
