#!/bin/sh
# Installs the programs that tests look at the product with, where that can be done; a test skips what is missing,
# with the reason. CI calls it before its suites run side by side: apt is not for two.
set -eu
missing=
for program in zsh fish groff tmux lintian rpm; do
  command -v "$program" >/dev/null 2>&1 || missing="$missing $program"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
  echo "not installed, and installing needs rights and apt:$missing"
  exit 0
fi
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 # one word each
apt-get update -q && apt-get install -q -y --no-install-recommends $missing || echo "not installed:$missing"
