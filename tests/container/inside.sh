#!/usr/bin/env bash
# Within namespaces of its own (run.sh): a store of images in memory, the images, and their tests.
set -eu
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /var/lib/containers # podman makes it when it is first used
mount -t tmpfs -o mode=755 tmpfs /var/lib/containers
if [ ! -e /sys/fs/cgroup/cgroup.controllers ]; then
  umount -R /sys/fs/cgroup
  mount -t cgroup2 cgroup2 /sys/fs/cgroup
fi
work=$(mktemp -d /run/work.XXXXXX)
# What a machine in which tests run lets podman do, beside the confinement that is meant.
cat >"$work/containers.conf" <<'CONF'
[containers]
cgroups = "disabled"
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
log_driver = "k8s-file"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
[network]
network_backend = "netavark"
network_config_dir = "/run/networks"
CONF
cat >"$work/storage.conf" <<'CONF'
[storage]
driver = "overlay"
graphroot = "/run/images"
runroot = "/run/containers"
CONF
export CONTAINERS_CONF=$work/containers.conf CONTAINERS_STORAGE_CONF=$work/storage.conf
# The timer of a health check would be systemd's; the tests run the checks themselves.
export DISABLE_HC_SYSTEMD=true
mkdir -p "$work/dist" "$work/contrib"
cp -r contrib/container "$work/contrib/"
touch "$work/contrib/container/conductor.env" # the file names it
cp "$CONDUCTOR_BINARY" "$work/dist/calico-conductor"
cp LICENSE "$work/"
cp dist/third-party-notices.txt "$work/dist/"
# As compose.yaml builds them, but for the base.
build="--isolation=chroot --pull=never --format=docker --from=localhost/base"
{
  tar -C "$CONTAINER_BASE" -c . | podman import - localhost/base
  podman-compose -f "$work/contrib/container/compose.yaml" --podman-build-args="$build" build
  # Whatever became of it, podman-compose ends with 0.
  podman image exists localhost/calico-conductor && podman image exists localhost/calico-conductor-etcd
} >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
rm -rf "$work/dist"
# Containers with a network of their own change that of the machine: this is one for the tests. In it, the
# cloud has an address that containers can reach.
export CONTAINER_CLOUD=198.51.100.1
# shellcheck disable=SC2016 # expanded inside
exec unshare --net bash -c '
  ip link set lo up
  ip address add "$CONTAINER_CLOUD/32" dev lo
  exec deno test -A "$@"' bash "$@"
