#!/bin/sh
# With a frozen lock, one dynamic import that the lock refuses makes the process refuse every later one too,
# also of a module of its own that it has not loaded yet, with the message about the first.
#
# Version: Deno 2.9.6. Seen on 2026-11-27:
#   another version of a package: refused, The lockfile is out of date.
#   a local module after it: refused, The lockfile is out of date.
#   a local module alone: imported
#
# So a program that loads its parts when they are needed must not go on after such a refusal: it looks well and
# can load nothing more. calico-conductor's roles load all that they run at their start.
#
# Exit code 0: it is still so. Needs npm; works in a temporary folder.
set -eu
version=2.9.6
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT INT TERM
cd "$folder"
npm install --silent --no-audit --no-fund --prefix tools "deno@$version" >/dev/null
deno=$folder/tools/node_modules/.bin/deno
export DENO_DIR="$folder/cache" NO_COLOR=1 DENO_NO_UPDATE_CHECK=1

mkdir project
cd project
cat >deno.json <<'END'
{ "imports": { "zod": "npm:zod@4.1.12" } }
END
echo 'export const part = 1;' >part.ts
cat >program.ts <<'END'
import "zod";
const say = async (what: string, specifier: string) => {
  try {
    await import(specifier);
    console.log(`${what}: imported`);
  } catch (error) {
    console.log(`${what}: refused, ${(error as Error).message.split(" Run ")[0]}`);
  }
};
if (Deno.args[0] === "alone") await say("a local module alone", "./part.ts");
else {
  await say("another version of a package", "npm:zod@4.1.11");
  await say("a local module after it", "./part.ts");
}
Deno.exit();
END
"$deno" run --quiet --allow-all program.ts alone >"$folder/first" 2>&1 # writes the lock
{
  "$deno" run --quiet --allow-all --frozen program.ts
  "$deno" run --quiet --allow-all --frozen program.ts alone
} >"$folder/seen" 2>&1 || true

cat >"$folder/expected" <<'END'
another version of a package: refused, The lockfile is out of date.
a local module after it: refused, The lockfile is out of date.
a local module alone: imported
END
cat "$folder/seen"
diff "$folder/expected" "$folder/seen"
