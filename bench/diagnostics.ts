/**
 * The page under load: 200 open streams and 500 page requests a second, on one core, with a small
 * cloud and with a large one; and what a neighbour, a process that does what every role does with the
 * state store, notices of it. The same load on a server that only sends as many bytes shows what is
 * the load generator's doing.
 *
 * @module
 */
import { createLauncher } from "../lib/process/launcher.ts";
import { permissionRow } from "../lib/process/permissions.ts";
import { readSealKeys } from "../lib/state/seal_file.ts";
import { freePort } from "../tests/support/etcd_server.ts";
import { testConfig } from "../tests/support/test_config.ts";
import { type CloudSize, Seeder } from "./diagnostics/seeder.ts";
import type { LoadFigures, LoadOrder } from "./diagnostics/load.ts";
import type { NeighbourFigures } from "./diagnostics/neighbour.ts";
import { idleMiB } from "./idle_process.ts";
import { cpuSeconds, rssMiB } from "./measure.ts";
import { Report } from "./report.ts";
import { QUICK, setting } from "./settings.ts";

/** What is asked for. */
export interface DiagnosticsLoad {
  readonly cloud: CloudSize;
  readonly streams: number;
  /** Page requests per second, sent at even intervals whether or not the last one is answered. */
  readonly requestsPerSecond: number;
  readonly seconds: number;
}

/** What was found. */
export interface DiagnosticsFigures {
  readonly load: LoadFigures;
  /** The same load on the stand-in. */
  readonly controlLoad: LoadFigures;
  /** The neighbour's delays: with nothing going on, beside the stand-in, beside the page. */
  readonly idle: NeighbourFigures;
  readonly control: NeighbourFigures;
  readonly loaded: NeighbourFigures;
  /** Processor time of the page's process, as a share of one core. */
  readonly cpu: number;
  readonly rssMib: number;
}

const ROOT = new URL("..", import.meta.url).pathname;
/** The page's core, and the load generator's. */
const [PAGE_CORE, LOAD_CORE] = ["0", "1"];
/** So many clients, each below the rate that one client may have. */
const CLIENTS = 20;
const PATHS = [
  "/",
  "/",
  "/",
  "/agents",
  "/agents?sort=host&page=3",
  "/ports",
  "/resyncs",
  "/roles/manager",
];

/** Runs the load once. Needs two cores. */
export async function benchDiagnostics(wanted: DiagnosticsLoad): Promise<DiagnosticsFigures> {
  const dir = await Deno.makeTempDir({ prefix: "bench-page-" });
  try {
    await using seeder = await Seeder.start(dir, wanted.cloud);
    await using neighbour = await startNeighbour(dir);
    const order = { ...wanted, clients: CLIENTS, paths: PATHS };
    await neighbour.take();
    await delay(wanted.seconds * 1000);
    const idle = await neighbour.take();
    const control = await beside(order, neighbour, await startStandIn());
    const page = await startPage(dir);
    const loaded = await beside(order, neighbour, page);
    seeder.check();
    return {
      load: loaded.load,
      controlLoad: control.load,
      idle,
      control: control.neighbour,
      loaded: loaded.neighbour,
      cpu: loaded.cpu,
      rssMib: loaded.rssMib,
    };
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

interface Server extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
}

/** The load on one server, and what the neighbour notices. */
async function beside(
  order: Omit<LoadOrder, "url">,
  neighbour: Neighbour,
  started: Server,
): Promise<{ load: LoadFigures; neighbour: NeighbourFigures; cpu: number; rssMib: number }> {
  await using server = started;
  // Once for the compiler, then in earnest.
  await runLoad({ ...order, url: server.url, seconds: 2 });
  await neighbour.take();
  const from = { cpu: await cpuSeconds(server.pid), at: performance.now() };
  const load = await runLoad({ ...order, url: server.url });
  const seconds = (performance.now() - from.at) / 1000;
  const cpu = (await cpuSeconds(server.pid) - from.cpu) / seconds;
  return { load, neighbour: await neighbour.take(), cpu, rssMib: await rssMiB(server.pid) };
}

/** The diagnostics role, started as the supervisor does, on one core. */
async function startPage(dir: string): Promise<Server> {
  const port = freePort();
  const defaults = testConfig();
  const config = testConfig({
    stateDir: dir,
    diagnostics: { ...defaults.diagnostics, port },
    log: { level: "warn", format: "json" },
  });
  const launcher = createLauncher({
    executable: Deno.execPath(),
    standalone: false,
    root: ROOT,
    environment: Deno.env.toObject(),
  });
  const places = { protoDir: "", addresses: () => [], nameServers: [] };
  const seals = await readSealKeys(dir);
  const row = permissionRow("diagnostics", config, places);
  const { command, args, env, input } = launcher.prepare("diagnostics", row, { ...config, seals });
  const child = new Deno.Command("taskset", {
    args: ["-c", PAGE_CORE!, command, ...args],
    env: { ...env, PATH: Deno.env.get("PATH") ?? "" },
    clearEnv: true,
    stdin: "piped",
    stdout: "inherit",
    stderr: "inherit",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input + "\n"));
  const url = `http://127.0.0.1:${port}`;
  await answers(url);
  return {
    url,
    pid: child.pid,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await child.status;
      await writer.close().catch(() => {});
    },
  };
}

/** A server that sends as many bytes, as often, and does nothing for them. */
async function startStandIn(): Promise<Server> {
  const port = freePort();
  const child = new Deno.Command("taskset", {
    args: ["-c", PAGE_CORE!, Deno.execPath(), "run", "-A", `${ROOT}bench/diagnostics/stand_in.ts`]
      .concat(String(port)),
    stdout: "inherit",
    stderr: "inherit",
  }).spawn();
  const url = `http://127.0.0.1:${port}`;
  await answers(url);
  return {
    url,
    pid: child.pid,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await child.status;
    },
  };
}

async function runLoad(order: LoadOrder): Promise<LoadFigures> {
  const { success, stdout } = await new Deno.Command("taskset", {
    args: ["-c", LOAD_CORE!, Deno.execPath(), "run", "-A", `${ROOT}bench/diagnostics/load.ts`]
      .concat(JSON.stringify(order)),
    stderr: "inherit",
  }).output();
  if (!success) throw new Error("the load generator failed");
  return JSON.parse(new TextDecoder().decode(stdout));
}

interface Neighbour extends AsyncDisposable {
  /** What it noticed since the last call. */
  take(): Promise<NeighbourFigures>;
}

async function startNeighbour(dir: string): Promise<Neighbour> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--unstable-kv", `${ROOT}bench/diagnostics/neighbour.ts`, dir],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const writer = child.stdin.getWriter();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const neighbour = {
    async take() {
      await writer.write(new TextEncoder().encode("take\n"));
      let line = "";
      while (!line.endsWith("\n")) line += (await reader.read()).value ?? "\n";
      return JSON.parse(line) as NeighbourFigures;
    },
    async [Symbol.asyncDispose]() {
      await writer.close();
      await child.status;
      await reader.cancel();
    },
  };
  await neighbour.take();
  return neighbour;
}

async function answers(url: string): Promise<void> {
  for (let i = 0; i < 300; i++) {
    try {
      const response = await fetch(`${url}/livez`);
      await response.body?.cancel();
      if (response.ok) return;
    } catch { /* not yet */ }
    await delay(100);
  }
  throw new Error(`${url} does not answer`);
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** The figures of one run. */
export function tellDiagnostics(
  report: Report,
  { cloud, streams, requestsPerSecond }: DiagnosticsLoad,
  { load, controlLoad, idle, control, loaded, cpu, rssMib }: DiagnosticsFigures,
  idleProcessMib: number,
): void {
  const label = `${cloud.agents.toLocaleString("en-US")} agents, ` +
    `${cloud.ports.toLocaleString("en-US")} ports`;
  const standIn = { unit: "ms", baseline: "a server of as many bytes" };
  const pair = (value: number, baseline: number) => [{ value, baseline }];
  report.add(`${label}, answers p50`, pair(load.p50, controlLoad.p50), standIn);
  report.add(`${label}, answers p99`, pair(load.p99, controlLoad.p99), standIn);
  report.plain(`${label}, answers of ${load.sent}`, load.answered, "answers", "higher");
  report.plain(
    `${label}, events on each of ${streams} streams`,
    load.eventsPerStream,
    "/s",
    "higher",
  );
  report.plain(`${label}, core at ${requestsPerSecond} requests/s`, cpu * 100, "%");
  report.add(`${label}, memory`, pair(rssMib, idleProcessMib), {
    unit: "MiB",
    baseline: "an idle Deno process",
  });
  for (const what of ["timer", "write"] as const) {
    const name = what === "timer"
      ? "a neighbour's timer late"
      : "a neighbour's write to the KV file";
    report.add(`${label}, ${name}, p99`, pair(loaded[what].p99, control[what].p99), standIn);
    report.plain(`${label}, ${name} with nothing going on, p99`, idle[what].p99, "ms");
  }
}

if (import.meta.main) {
  const report = new Report("diagnostics");
  const [streams, requestsPerSecond] = [200, 500];
  const seconds = setting("BENCH_SECONDS", 10, 2);
  const clouds = [{ agents: 50, ports: 1000 }, { agents: 5000, ports: 100_000 }];
  const idle = await idleMiB();
  for (const cloud of QUICK ? clouds.slice(0, 1) : clouds) {
    const wanted = { cloud, streams, requestsPerSecond, seconds };
    tellDiagnostics(report, wanted, await benchDiagnostics(wanted), idle);
  }
  report.close();
  Deno.exit(0);
}
