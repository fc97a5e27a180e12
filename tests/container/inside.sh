#!/usr/bin/env bash
# Within namespaces of its own (run.sh): a store of images in memory, the image, and its tests.
set -eu
mount -t tmpfs -o mode=755 tmpfs /run
mount -t tmpfs -o mode=755 tmpfs /var/lib/containers
if [ ! -e /sys/fs/cgroup/cgroup.controllers ]; then
  umount -R /sys/fs/cgroup
  mount -t cgroup2 cgroup2 /sys/fs/cgroup
fi
store="--root=/run/images --runroot=/run/containers --storage-driver=overlay"
work=$(mktemp -d /run/work.XXXXXX)
mkdir "$work/dist"
cp contrib/container/Containerfile "$work/"
cp "$CONDUCTOR_BINARY" "$work/dist/calico-conductor"
# shellcheck disable=SC2086 # several words
{
  tar -C "$CONTAINER_BASE" -c . | podman $store --cgroup-manager=cgroupfs import - localhost/base
  buildah $store bud --isolation=chroot --pull-never --format=docker --from=localhost/base \
    --tag=localhost/calico-conductor --file="$work/Containerfile" "$work"
} >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
rm -rf "$work/dist"
CONTAINER_STORE=$store exec deno test -A "$@"
