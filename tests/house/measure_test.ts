import { deepEqual, equal } from "node:assert/strict";
import { measure } from "../../tools/house/measure.ts";
import type { SourceFile } from "../../tools/house/source_facts.ts";

const file = (path: string, given: Partial<SourceFile> = {}): SourceFile => ({
  path,
  text: "",
  lines: 1,
  length: 1,
  imports: [],
  functions: [],
  ...given,
});

function value(files: readonly SourceFile[], what: string) {
  const found = measure(files).find((one) => one.what.includes(what));
  return { value: found?.value, names: found?.names };
}

Deno.test("a file loose in lib/, an import upwards and a cycle of folders are named", () => {
  const files = [
    file("lib/loose.ts", { imports: ["roles/r.ts"] }),
    file("lib/a/1.ts", { imports: ["lib/b/1.ts"] }),
    file("lib/a/2.ts", { imports: ["lib/b/1.ts"] }),
    file("lib/b/1.ts"),
    file("lib/b/2.ts", { imports: ["lib/a/1.ts"] }),
  ];
  deepEqual(value(files, "loose in lib/").names, ["lib/loose.ts"]);
  deepEqual(value(files, "imports of").names, ["lib/loose.ts > roles/r.ts"]);
  deepEqual(value(files, "cycles of folders"), {
    value: 1,
    names: ["lib/a lib/b"],
  });
  equal(value(files, "cycles of files").value, 0);
});

Deno.test("a folder that imports one behind it in the list is named, and one that is in no list", () => {
  const files = [
    file("lib/base/1.ts", { imports: ["lib/etcd/1.ts"] }),
    file("lib/etcd/1.ts", { imports: ["lib/base/2.ts", "lib/attic/1.ts"] }),
    file("lib/sync/index/1.ts", { imports: ["lib/sync/model/1.ts", "lib/sync/sources/1.ts"] }),
    file("lib/sync/1.ts", { imports: ["lib/sync/sources/1.ts"] }),
    file("lib/attic/1.ts"),
  ];
  deepEqual(value(files, "against the order").names, [
    "lib/base/1.ts > lib/etcd/1.ts",
    "lib/sync/index/1.ts > lib/sync/sources/1.ts",
    "lib/attic/1.ts is in no room of the list",
  ]);
});

Deno.test("what is too long is named, the longest first", () => {
  const files = [
    file("lib/a/1.ts", { length: 300 }),
    file("lib/a/2.ts", { length: 301 }),
    file("lib/a/3.ts", { length: 400 }),
  ];
  deepEqual(value(files, "files of more than"), {
    value: 2,
    names: ["400  lib/a/3.ts", "301  lib/a/2.ts"],
  });
});

Deno.test("files per change are those that name the example outside of comments", () => {
  const files = [
    file("lib/metrics/instruments.ts", { text: "  agent_status_delay_seconds: {" }),
    file("lib/status/agents.ts", { text: 'meter.add("agent_status_delay_seconds", age);' }),
    file("lib/status/other.ts", { text: "// agent_status_delay_seconds is elsewhere" }),
  ];
  equal(value(files, "metric").value, 2);
});

Deno.test("an example that is nowhere any more breaks its limit, so that it is replaced", () => {
  const found = measure([file("main.ts")]).find(({ what }) => what.includes("metric"));
  deepEqual([found?.value, found?.limit], [1, 0]);
});
