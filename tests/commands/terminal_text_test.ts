import { formatFindings } from "../../lib/doctor/report.ts";
import { named, warning } from "../../lib/doctor/check.ts";
import { formatStatus } from "../../lib/health/status_text.ts";
import { formatTrace } from "../../lib/trace/text.ts";
import { DryRunSink } from "../../lib/sync/apply/dry_run.ts";
import { formatReport } from "../../lib/sync/report/report.ts";
import { guard, left, resync, role, status } from "../diagnostics/fixtures.ts";
import { ACTED_ON, HOSTILE_NAMES } from "../support/hostile_names.ts";
import { fullTrace } from "../trace/trace_fixture.ts";
import { assert } from "../support/assert.ts";
import { outputOf } from "../support/in_time.ts";

/** What commands print of a cloud in which everything has this name. */
const PRINTED: Record<string, (name: string) => string | Promise<string>> = {
  status: (name) =>
    formatStatus(status({
      roles: [role("manager", {}, { doing: name, problem: name }), role(name)],
      resyncs: [resync({
        reason: name,
        guards: [guard({ names: [name], collection: name })],
        leftOut: [left({ names: [name], collection: name })],
      })],
    })),
  doctor: (name) => formatFindings([named(`etcd ${name}`, warning(name, name))]),
  trace: (name) => formatTrace(fullTrace(name)),
  resync: (name) =>
    formatReport({
      id: "1",
      at: 0,
      state: "failed",
      doing: name,
      step: undefined,
      dryRun: true,
      error: name,
      differences: 1,
      warnings: [name],
      guards: [guard({ names: [name] })],
      leftOut: [left({ names: [name, name] })],
      kinds: {},
    }),
  async "dry run"(name) {
    const sink = new DryRunSink();
    const encoded = new TextEncoder().encode(JSON.stringify({ [name]: name }));
    for (const [id, value] of [["a", { x: name }], ["b", { x: name }], ["c", name]] as const) {
      await sink.add({
        key: `/calico/${id}/${name}`,
        kind: "WorkloadEndpoint",
        subject: { type: "port", id },
        group: "ports",
        value: JSON.stringify(value),
        modRevision: "5",
        action: "update",
      }, { value: encoded, modRevision: "5" });
    }
    return sink.text();
  },
};

for (const [command, print] of Object.entries(PRINTED)) {
  Deno.test(`${command}: a name cannot steer the terminal, forge a line or fill the screen`, async () => {
    for (const name of HOSTILE_NAMES) {
      const text = await print(name);
      assert(!ACTED_ON.test(text), text.slice(0, 2000));
      // A diff is shown whole, up to what a file may hold.
      const longest = command === "dry run" ? Infinity : 10_000;
      for (const line of text.split("\n")) {
        assert(!line.startsWith("OK: ") && line.length <= longest, line);
      }
    }
  });
}

Deno.test("whatever a command prints, its process escapes it on both streams", async () => {
  const root = new URL("../..", import.meta.url).pathname;
  const name = "ctl\u001b[31m\u202e\u0085";
  const run = async (...args: string[]) => {
    const { stdout, stderr } = await outputOf(Deno.execPath(), {
      args: ["run", "-qA", `${root}main.ts`, ...args],
    });
    return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  };
  for (
    const args of [
      ["config", "--node-name", name],
      ["config", "--output", "json", "--node-name", name],
      ["config", "--log-level", name],
      ["config", "--cloud-of\u001b[2J"],
      [name],
    ]
  ) {
    const text = await run(...args);
    assert(text.includes("\\u001b"), text);
    assert(!ACTED_ON.test(text), JSON.stringify(text));
  }
});
