#!/bin/sh
# The package that the tests install, one revision after the other:
#   package.sh REVISION BINARY FILE.deb       the version of deno.json, with this revision
# It is what `deno task package` makes, where there is such a task; else the unit, the binary and the least of scripts.
set -eu
revision=$1 binary=$2 file=$3
cd "$(dirname "$0")/../.."
version=$(sed -n 's/^ *"version": "\([^"]*\)".*/\1/p' deno.json)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
chmod 755 "$tree"
if [ -e tools/package/main.ts ]; then
  SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(date +%s)} \
    deno run -A --quiet tools/package/main.ts --format deb --binary "$binary" --out "$tree/out" >/dev/null
  dpkg-deb --raw-extract "$tree"/out/*.deb "$tree/package"
  sed -i "s/^Version: .*/&+test$revision/" "$tree/package/DEBIAN/control"
  dpkg-deb --root-owner-group -Znone --build "$tree/package" "$file" >/dev/null
  exit
fi
install -D -m 0755 "$binary" "$tree/usr/bin/calico-conductor"
unit=$tree/usr/lib/systemd/system/calico-conductor.service
install -D -m 0644 contrib/systemd/calico-conductor.service "$unit"
sed -i 's|/usr/local/bin/|/usr/bin/|' "$unit"
install -d -m 0755 "$tree/DEBIAN"
cat >"$tree/DEBIAN/control" <<CONTROL
Package: calico-conductor
Version: $version-$revision
Architecture: $(dpkg --print-architecture)
Maintainer: calico-conductor
Description: leader-only jobs of Calico's OpenStack driver
CONTROL
cat >"$tree/DEBIAN/postinst" <<'SCRIPT'
#!/bin/sh
[ ! -d /run/systemd/system ] || systemctl daemon-reload
SCRIPT
cat >"$tree/DEBIAN/prerm" <<'SCRIPT'
#!/bin/sh
[ "$1" != remove ] || [ ! -d /run/systemd/system ] || systemctl disable --now calico-conductor.service
SCRIPT
cat >"$tree/DEBIAN/postrm" <<'SCRIPT'
#!/bin/sh
[ "$1" != purge ] || rm -rf /etc/calico-conductor /var/lib/calico-conductor /var/lib/private/calico-conductor
[ ! -d /run/systemd/system ] || systemctl daemon-reload
SCRIPT
chmod 0755 "$tree/DEBIAN/postinst" "$tree/DEBIAN/prerm" "$tree/DEBIAN/postrm"
dpkg-deb --root-owner-group -Znone --build "$tree" "$file" >/dev/null
