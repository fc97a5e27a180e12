import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { testConfig } from "../support/test_config.ts";
import { formatPermissions, reportPermissions } from "../../lib/process/permission_report.ts";
import { permissionRow } from "../../lib/process/permissions.ts";
import { TOOL_NAMES } from "../../lib/process/tools.ts";
import { ROLE_NAMES } from "../../lib/state/records.ts";
import { productCommand } from "../e2e/node.ts";

const places = { protoDir: "/proto", addresses: () => [] };

Deno.test("the report is the table that starts the processes, row for row", () => {
  const config = testConfig();
  const rows = reportPermissions(config, places);
  assertEquals(rows.map(({ name }) => name), [...ROLE_NAMES, ...TOOL_NAMES]);
  for (const { name, kind, ...row } of rows) {
    assertEquals(row, { ...permissionRow(name as typeof ROLE_NAMES[number], config, places) });
    assertEquals(kind, (TOOL_NAMES as readonly string[]).includes(name) ? "tool" : "role");
  }
  const lab = testConfig({ lab: { ...config.lab, enabled: true } });
  assertEquals(reportPermissions(lab, places)[0]!.kind, "lab");
});

Deno.test("for people: a block per process, nothing said of what it has not, no secret", () => {
  const processes = reportPermissions(testConfig(), places);
  const text = formatPermissions({
    enforcedBy: "flags of deno run",
    processes,
    notes: ["A note."],
  });
  assertMatch(text, /^manager\n {2}net {3}127\.0\.0\.1:2379\n {2}read {2}\/nonexistent \/proto\n/);
  assertMatch(text, /name-lookup \(a tool\)\n {2}nothing\n/);
  assertMatch(text, /Everything else is refused, by the flags of deno run\.\nA note\.$/);
  assert(!text.includes("very-secret"));
  assert(text.split("\n").every((line) => line.length <= 100));
});

const AUTH = {
  OS_AUTH_URL: "http://127.0.0.1:9/v3",
  OS_USERNAME: "u",
  OS_PASSWORD: "very-secret",
  OS_PROJECT_NAME: "p",
};

/** What the command prints as JSON. */
async function permissions(env: Record<string, string>) {
  const words = ["permissions", "--output=json", "--etcd=http://10.1.2.3:2379", "--state-dir=/x"];
  const { code, stdout, stderr } = await productCommand(words, env, null).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  const text = new TextDecoder().decode(stdout);
  assert(!text.includes("very-secret"));
  const { processes, notes } = JSON.parse(text);
  const named = (name: string) => processes.find((row: { name: string }) => row.name === name);
  return { watcher: named("endpoint-status-watcher"), notes };
}

Deno.test("on the command line: the effective configuration", async () => {
  const urls = {
    CONDUCTOR_NEUTRON_URL: "http://10.1.2.4:9696",
    CONDUCTOR_NOVA_URL: "http://10.1.2.5:8774/v2.1",
  };
  const { watcher, notes } = await permissions({ ...AUTH, ...urls });
  assertEquals(watcher.net, ["10.1.2.3:2379", "127.0.0.1:9", "10.1.2.5:8774"]);
  assertEquals([watcher.write, notes], [
    ["/x/state.kv", "/x/changed", "/x/ports"],
    [],
  ]);
});

Deno.test("on the command line: a catalogue that does not answer is told, the rest printed", async () => {
  const { watcher, notes } = await permissions(AUTH);
  assertEquals(watcher.net, ["10.1.2.3:2379", "127.0.0.1:9"]);
  assertMatch(notes[0], /catalogue.* could not be asked/);
});
