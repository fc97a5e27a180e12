import { assertEquals, assertMatch, assertRejects } from "../support/assert.ts";
import { parseWords } from "../../lib/config/command_line.ts";
import { ConfigError } from "../../lib/config/config_error.ts";
import { readConfigPaths, readRecordedPaths } from "../../lib/config/config_paths.ts";

/** A machine with these files. */
function reader(files: Record<string, string | Uint8Array>, forbidden: readonly string[] = []) {
  const permit = (path: string) => {
    if (forbidden.includes(path)) throw new Error(`Permission denied: ${path}`);
  };
  return {
    readFile(path: string) {
      permit(path);
      const text = files[path];
      if (text === undefined) throw new Error(`No such file: ${path}`);
      return typeof text === "string" ? new TextEncoder().encode(text) : text;
    },
    list(path: string) {
      permit(path);
      const prefix = `${path.replace(/\/$/, "")}/`;
      const names = Object.keys(files).filter((name) => name.startsWith(prefix))
        .map((name) => name.slice(prefix.length).split("/")[0]!);
      return names.length === 0 ? null : [...new Set(names)];
    },
  };
}
const named = (...words: string[]) => parseWords(words, {}).configPaths;

Deno.test("files and directories are read in the order of the command line, a directory's *.conf by name", () => {
  const files = {
    "/a": "1",
    "/d/b.conf": "2",
    "/d/B.conf": "3",
    "/d/.hidden.conf": "4",
    "/d/x.ini": "5",
    "/d/\u{1F600}.conf": "6",
    "/d/\uFF5E.conf": "7",
    "/e/1.conf": "8",
  };
  const paths = named(
    "start",
    "--config-dir",
    "/e",
    "--config-file=/a",
    "--etcd=x",
    "--config-dir=/d/",
  );
  const read = readConfigPaths(paths.slice(0, 2), reader(files));
  assertEquals(read.map(({ text }) => text).join(""), "81");
  const all = readConfigPaths(named("--config-file=/a", "--config-dir=/d/"), reader(files));
  assertEquals(all.map(({ text }) => text).join(""), "13276");
  assertEquals(all[1]!.path, "/d/B.conf");
});

Deno.test("what cannot be read is named, with its line and nothing of it", async () => {
  const files = {
    "/a": new Uint8Array([91, 97, 93, 10, 104, 105, 100, 0xfc, 10]),
    "/d/a.conf": "",
  };
  const said = async (forbidden: readonly string[], ...words: string[]) => {
    const reading = async () => {
      await Promise.resolve();
      readConfigPaths(named(...words), reader(files, forbidden));
    };
    return (await assertRejects(reading, ConfigError)).message;
  };
  assertEquals(
    await said([], "--config-file=/a"),
    "cannot read --config-file /a: line 2 is not UTF-8",
  );
  assertMatch(await said([], "--config-file=/b"), /^cannot read --config-file \/b: No such file/);
  assertMatch(await said([], "--config-dir=/b"), /^cannot read --config-dir \/b: it is not there/);
  assertMatch(
    await said(["/d/a.conf"], "--config-dir=/d"),
    /^cannot read --config-dir \/d\/a\.conf: Permission/,
  );
  assertMatch(
    await said(["/d"], "--config-dir=/d"),
    /^cannot read --config-dir \/d: Permission denied/,
  );
});

Deno.test("Neutron's usual directories come after its usual file, when no directory is named", () => {
  const usual = "/etc/neutron/neutron.conf";
  const files = {
    [usual]: "1",
    [`${usual}.d/b.conf`]: "3",
    [`${usual}.d/a.conf`]: "2",
    "/etc/neutron/neutron-server.conf.d/a.conf": "4",
    "/d/c.conf": "5",
  };
  const texts = (...words: string[]) =>
    readConfigPaths(named(...words), reader(files)).map(({ text, implied }) =>
      implied ? `(${text})` : text
    ).join("");
  assertEquals(texts(`--config-file=${usual}`), "1(2)(3)(4)");
  assertEquals(texts(`--config-file=${usual}`, "--config-dir=/d"), "15");
  assertEquals(texts("--config-dir=/d"), "5");
  const alone = readConfigPaths(named(`--config-file=${usual}`), reader({ [usual]: "1" }));
  assertEquals(alone.length, 1);
});

Deno.test("a node's recorded paths are read under the names that they have there", () => {
  const files = { "/w/a.conf": "1", "/w/d/b.conf": "2" };
  const read = readRecordedPaths([
    { path: "a.conf", absolute: "/w/a.conf", directory: false },
    { path: "gone.conf", absolute: "/w/gone.conf", directory: false },
    { path: "d/", absolute: "/w/d", directory: true },
  ], reader(files));
  assertEquals(read, [{ path: "a.conf", text: "1" }, { path: "d/b.conf", text: "2" }]);
});
