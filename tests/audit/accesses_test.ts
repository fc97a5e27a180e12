import { assert, assertEquals } from "../support/assert.ts";
import { compare, parseAuditLog } from "./accesses.ts";
import { conditionOf, CONDITIONS } from "./conditions.ts";

const ROW = {
  net: ["127.0.0.1:2379", "neutron:443"],
  read: ["/state", "/state/inner"],
  write: ["/state"],
  env: ["grpc_proxy"],
  run: [],
  sys: [],
};
const used = (kind: string, value: string) => ({ kind, value });

Deno.test("what was used is matched to the entry that allows it", () => {
  assertEquals(
    compare(ROW, [
      used("net", "127.0.0.1:2379"),
      used("net", "https://neutron/v2.0/ports?limit=1"),
      used("read", "/state/state.kv"),
      used("read", "/state/inner/file"),
      used("write", "/state"),
      used("env", "grpc_proxy"),
    ]),
    { unnamed: [], unused: [] },
  );
});

Deno.test("what the row does not name is told, whatever comes close", () => {
  const close = [
    used("net", "127.0.0.1:23790"),
    used("net", "http://neutron/"),
    used("read", "/state-of-others"),
    used("write", "/stat"),
    used("env", "GRPC_PROXY"),
    used("sys", "hostname"),
    used("ffi", "/lib/x.so"),
  ];
  const { unnamed } = compare(ROW, close);
  assertEquals(unnamed, close.map(({ kind, value }) => `${kind} ${value}`));
});

Deno.test("what was never used is told", () => {
  const { unused } = compare(ROW, [used("read", "/state/inner/file")]);
  assertEquals(unused, [
    "net 127.0.0.1:2379",
    "net neutron:443",
    "read /state",
    "write /state",
    "env grpc_proxy",
  ]);
});

Deno.test("a log whose last line is cut short", () => {
  assertEquals(parseAuditLog('{"v":1,"permission":"env","value":"A"}\n{"v":1,"perm'), [
    used("env", "A"),
  ]);
});

Deno.test("a condition holds for its process and entry alone", () => {
  assert(conditionOf("lab", "run sh"));
  assertEquals(conditionOf("diagnostics", "run sh"), undefined);
  assertEquals(conditionOf("manager", "sys osUptime"), undefined);
  assertEquals(conditionOf("lab", "env sh"), undefined);
  for (const { when } of CONDITIONS) assert(when.length > 0);
});
