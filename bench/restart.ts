/**
 * A killed role, from SIGKILL until it is at work again: it says so in the state store, from the loop that
 * does the work; the manager, by leading: its heartbeat, at most one a second, comes later. The baseline is what any start of a Deno program takes in the same run. From source, and
 * from the binary that CONDUCTOR_BINARY names.
 *
 * @module
 */
import { BINARY, labArgs, Node, tempDir } from "../tests/e2e/node.ts";
import { readSealKeys } from "../lib/state/seal_file.ts";
import { StateStore } from "../lib/state/store.ts";
import { Report, type Sample } from "./report.ts";
import { setting } from "./settings.ts";

const RUNS = setting("BENCH_RUNS", 5, 1);
const TIMEOUT_MS = 60_000;
const LOOK_MS = 5;

/** What each role says when it works; the manager comes last, since the others work while it leads. */
const WORKS: Readonly<Record<string, RegExp>> = {
  diagnostics: /^serving/,
  "agent-status-watcher": /^following/,
  "endpoint-status-watcher": /^following/,
  "resource-syncer": /^(resync|in sync)/,
};
const ROLES = [...Object.keys(WORKS), "manager"];

/** From nothing to an exit, ms. */
async function bareStartMs(): Promise<number> {
  const from = performance.now();
  await new Deno.Command(Deno.execPath(), { args: ["eval", "Deno.exit(0)"] }).output();
  return performance.now() - from;
}

async function works(store: StateStore, role: string, killed: number | null): Promise<boolean> {
  if (role === "manager") {
    const mastership = await store.readMastership(); // `id` is the election value, name:pid
    return mastership !== null && !mastership.id.endsWith(`:${killed}`);
  }
  const alive = await store.readAlive(role);
  return alive !== null && alive.pid !== killed && WORKS[role]!.test(alive.doing);
}

async function untilWorks(store: StateStore, role: string, killed: number | null): Promise<void> {
  const endsAt = performance.now() + TIMEOUT_MS;
  while (performance.now() < endsAt) {
    if (await works(store, role, killed)) return;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  throw new Error(`${role} is not at work within ${TIMEOUT_MS / 1000} s`);
}

/** Kills each role of a lab once; ms until it works again, by role. */
export async function measureRestarts(binary: string | null): Promise<Record<string, Sample>> {
  await using dir = await tempDir();
  await using node = Node.start(labArgs(dir.path, 60).args, {}, { binary });
  await node.ready(TIMEOUT_MS);
  using store = await StateStore.open(dir.path, await readSealKeys(dir.path));
  for (const role of ROLES) await untilWorks(store, role, null);
  const found: Record<string, Sample> = {};
  for (const role of ROLES) {
    const baseline = await bareStartMs();
    const pid = await node.rolePid(role);
    const from = performance.now();
    Deno.kill(pid, "SIGKILL");
    await untilWorks(store, role, pid);
    found[role] = { value: performance.now() - from, baseline };
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  return found;
}

async function tell(report: Report, binary: string | null, prefix: string): Promise<void> {
  const runs = [];
  for (let run = 0; run < RUNS; run++) runs.push(await measureRestarts(binary));
  for (const role of ROLES) {
    report.add(`${prefix}${role} killed, to its work again`, runs.map((run) => run[role]!), {
      unit: "ms",
      baseline: "an empty program's start",
    });
  }
  const worst = runs.map((run) => Math.max(...ROLES.map((role) => run[role]!.value)));
  report.add(
    `${prefix}a killed role is at work again, the slowest of each run`,
    worst.map((value) => ({ value })),
    { unit: "ms", goal: 1000 },
  );
}

if (import.meta.main) {
  const report = new Report("restart");
  await tell(report, null, "");
  if (BINARY) await tell(report, BINARY, "binary: ");
  report.close();
  Deno.exit(0);
}
