/**
 * The status watchers with a real etcd, a real RabbitMQ, and a consumer that answers as Neutron does
 * but at once. Snapshot of `BENCH_HOSTS` × 20 endpoint keys (default 5,000 hosts) into the queue
 * beside reading the same keys; live changes at a fixed rate, spread and 100 in one revision; and with
 * a consumer that takes 35 ports a second, as one RPC worker of Neutron does.
 *
 * The delay runs from etcd's answer to the writer, which is its commit, until the consumer has the
 * message, so it holds the way through the broker too. etcd writes to memory where there is a
 * `/dev/shm`: the disk is not what is measured.
 *
 * @module
 */
import type { Etcd3 } from "etcd3";
import { openEtcd } from "../lib/etcd/client.ts";
import { felixPrefix } from "../lib/status/felix_status.ts";
import { startEtcd } from "../tests/support/etcd_server.ts";
import { defaultAnswer, FakePlugin, type Received } from "../tests/support/fake_plugin.ts";
import { RabbitServer } from "../tests/support/rabbit_server.ts";
import { testConfig } from "../tests/support/test_config.ts";
import { print, quantile } from "./print.ts";

const HOSTS = Number(Deno.env.get("BENCH_HOSTS") ?? "5000");
const PORTS = 20;
const SECONDS = Number(Deno.env.get("BENCH_SECONDS") ?? "10");
const NEUTRON_MS = 1000 / 35;

const prefix = felixPrefix(null);
const bytes = (text: string) => new TextEncoder().encode(text);
const hostOf = (i: number) => `host-${String(i % HOSTS).padStart(5, "0")}`;
const portOf = (i: number) => `p-${String(i).padStart(8, "0")}-0000-4000-8000-000000000000`;
const endpointKey = (i: number) =>
  `${prefix}${hostOf(i)}/workload/openstack/openstack%2fserver-${i}/endpoint/${portOf(i)}`;
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function put(etcd: Etcd3, puts: readonly (readonly [string, string])[]): Promise<void> {
  const success = puts.map(([key, value]) => ({
    request_put: { key: bytes(key), value: bytes(value) },
  }));
  // deno-lint-ignore no-explicit-any
  await etcd.kv.txn({ compare: [], success: success as any, failure: [] });
}

/** A watcher in a process of its own; `lines` is what it said last. */
function spawnWatcher(args: readonly string[]) {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--quiet",
      "--v8-flags=--expose-gc",
      new URL("status_watcher.ts", import.meta.url).pathname,
      ...args,
    ],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  // deno-lint-ignore no-explicit-any
  const lines: any[] = [];
  const reading = (async () => {
    let rest = "";
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      const parts = (rest + text).split("\n");
      rest = parts.pop()!;
      for (const line of parts) lines.push(JSON.parse(line));
    }
  })();
  return {
    lines,
    async end() {
      await child.stdin.close().catch(() => {});
      await child.status;
      await reading;
    },
  };
}

async function benchSnapshot(etcdUrl: string): Promise<void> {
  const total = HOSTS * PORTS;
  const watcher = spawnWatcher(["snapshot", etcdUrl, String(total)]);
  await watcher.end();
  const [first, second] = watcher.lines;
  const bare = Math.min(...first.bare);
  print(`snapshot of ${total} endpoint keys`);
  print(`  bare reading                     ${bare.toFixed(2)} s (1.0)`);
  for (const seconds of [first.seconds, ...second.again]) {
    const ratio = (seconds / bare).toFixed(2);
    print(`  into the queue                   ${seconds.toFixed(2)} s (${ratio} x)`);
  }
  const held = first.rssMiB;
  print(
    `  process with all of them queued  ${held.toFixed(0)} MiB (${
      first.beforeMiB.toFixed(0)
    } before)`,
  );
}

interface Load {
  readonly perSecond: number;
  readonly perRevision: number;
  change(i: number): { id: string; key: string; value: string };
}

/** What was written and has not arrived. */
class Pending {
  readonly delays: number[] = [];
  readonly #waiting = new Map<string, { committedAt: number | null }>();

  get size(): number {
    return this.#waiting.size;
  }

  sent(id: string): { committedAt: number | null } {
    const token = { committedAt: null };
    this.#waiting.set(id, token);
    return token;
  }

  arrived(id: string): void {
    const token = this.#waiting.get(id);
    if (!token) return;
    this.#waiting.delete(id);
    // The message may be there before the writer has its answer.
    this.delays.push(token.committedAt === null ? 0 : performance.now() - token.committedAt);
  }
}

/** Writes at a fixed rate; resolves to the rate that was reached. */
async function drive(etcd: Etcd3, load: Load, pending: Pending): Promise<number> {
  const from = performance.now();
  let written = 0;
  let inFlight = 0;
  const errors: unknown[] = [];
  while (performance.now() - from < SECONDS * 1000) {
    const due = Math.floor((performance.now() - from) / 1000 * load.perSecond);
    while (written + load.perRevision <= due && inFlight < 64) {
      const changes = Array.from({ length: load.perRevision }, () => load.change(written++));
      const tokens = changes.map(({ id }) => pending.sent(id));
      inFlight++;
      put(etcd, changes.map(({ key, value }) => [key, value] as const))
        .then(() => tokens.forEach((token) => token.committedAt = performance.now()))
        .catch((error) => errors.push(error)).finally(() => inFlight--);
    }
    await sleep(1);
  }
  while (inFlight > 0) await sleep(1);
  if (errors.length > 0) throw errors[0];
  return written / ((performance.now() - from) / 1000);
}

async function benchLive(
  name: string,
  mode: "agents" | "ports",
  load: Load,
  places: { etcd: Etcd3; etcdUrl: string; rabbit: RabbitServer },
  threads = 4,
): Promise<void> {
  const { etcd, etcdUrl, rabbit } = places;
  await etcd.delete().prefix(prefix);
  await using plugin = await FakePlugin.start(rabbit.port, { keep: false });
  const pending = new Pending();
  const seen = ({ args }: Received) => {
    const ids = mode === "agents"
      ? [args.agent_state.agent_state.host]
      : [args.device ?? [], ...(args.devices_up ?? []), ...(args.devices_down ?? [])].flat();
    ids.forEach((id) => pending.arrived(id));
  };
  plugin.answer = (received) => (seen(received), defaultAnswer(received));
  const watcher = spawnWatcher([mode, etcdUrl, rabbit.url, String(threads)]);
  while (watcher.lines.length === 0) await sleep(50);
  await sleep(500);
  const reached = await drive(etcd, load, pending);
  const from = performance.now();
  while (pending.size > 0 && performance.now() - from < 30_000) await sleep(5);
  const behind = performance.now() - from;
  const rss = Math.max(...watcher.lines.map(({ rssMiB }) => rssMiB));
  await watcher.end();
  const [p50, p99, max] = [0.5, 0.99, 1].map((q) => quantile(pending.delays, q).toFixed(0));
  print(
    `  ${name.padEnd(42)} ${
      reached.toFixed(0).padStart(5)
    }/s  p50 ${p50} ms  p99 ${p99} ms  max ${max} ms` +
      `  ${behind.toFixed(0)} ms behind at the end  ${rss.toFixed(0)} MiB${
        pending.size > 0 ? `  LOST ${pending.size}` : ""
      }`,
  );
}

/** Ports against a consumer as slow as Neutron, agents beside them. */
async function benchBrake(places: { etcd: Etcd3; etcdUrl: string; rabbit: RabbitServer }) {
  const { etcd, etcdUrl, rabbit } = places;
  await etcd.delete().prefix(prefix);
  await using plugin = await FakePlugin.start(rabbit.port, { keep: false });
  const ports = 200;
  const neutron = new Map<string, string>();
  const agents = new Pending();
  let turn = Promise.resolve();
  plugin.answer = (received) => {
    const { method, args } = received;
    if (method === "report_state") {
      agents.arrived(args.agent_state.agent_state.host);
      return null;
    }
    const up: string[] = args.devices_up ?? (method === "update_device_up" ? [args.device] : []);
    const down: string[] = args.devices_down ??
      (method === "update_device_down" ? [args.device] : []);
    turn = turn.then(() => sleep((up.length + down.length) * NEUTRON_MS)).then(() => {
      for (const port of up) neutron.set(port, "up");
      for (const port of down) neutron.set(port, "down");
    });
    return turn.then(() => defaultAnswer(received));
  };
  const watchers = (["agents", "ports"] as const).map((mode) =>
    spawnWatcher([mode, etcdUrl, rabbit.url])
  );
  while (watchers.some(({ lines }) => lines.length === 0)) await sleep(50);
  await sleep(500);
  const load = (perSecond: number, change: Load["change"]) => ({
    perSecond,
    perRevision: 1,
    change,
  });
  await Promise.all([
    drive(
      etcd,
      load(1000, (i) => {
        const at = Math.floor(Math.random() * ports);
        const status = i % 2 ? "up" : "down";
        return { id: portOf(at), key: endpointKey(at), value: JSON.stringify({ status }) };
      }),
      new Pending(),
    ),
    drive(etcd, load(100, (i) => agentChange(i)), agents),
  ]);
  const longest = Math.max(...watchers[1]!.lines.map(({ queued }) => queued ?? 0));
  const from = performance.now();
  // Writes in flight may pass each other: what is newest only etcd knows.
  const truth = await etcd.getAll().prefix(prefix).strings();
  const newest = Array.from(
    { length: ports },
    (_, i) => [portOf(i), truth[endpointKey(i)]] as const,
  )
    .flatMap(([port, text]) => text ? [[port, JSON.parse(text).status] as const] : []);
  const same = () => newest.every(([port, status]) => neutron.get(port) === status);
  while (!same() && performance.now() - from < 60_000) await sleep(20);
  const drained = (performance.now() - from) / 1000;
  for (const watcher of watchers) await watcher.end();
  print(`a Neutron that takes 35 ports a second, 1,000 changes a second of ${ports} ports`);
  print(`  longest queue                    ${longest} (${ports} ports)`);
  print(
    `  newest state of every port       ${same() ? "yes" : "NO"}, ${
      drained.toFixed(1)
    } s after the last change`,
  );
  print(`  agents' reports meanwhile        p99 ${quantile(agents.delays, 0.99).toFixed(0)} ms`);
}

function agentChange(i: number) {
  const host = hostOf(i);
  const value = JSON.stringify({ time: new Date().toISOString(), uptime: i, first_update: false });
  return { id: host, key: `${prefix}${host}/status`, value };
}

if (await Deno.stat("/dev/shm").catch(() => null)) Deno.env.set("TMPDIR", "/dev/shm");
await using server = await startEtcd(["--quota-backend-bytes=4294967296"]);
const etcd = openEtcd({ ...testConfig().etcd, endpoints: [server.url], callTimeoutMs: 30_000 });
const total = HOSTS * PORTS;
for (let from = 0; from < total; from += 100) {
  const size = Math.min(100, total - from);
  await put(
    etcd,
    Array.from({ length: size }, (_, i) => [endpointKey(from + i), '{"status":"up"}'] as const),
  );
}
await benchSnapshot(server.url);
await using rabbit = await RabbitServer.start();
const places = { etcd, etcdUrl: server.url, rabbit };
const portChange = (i: number) => ({
  id: portOf(i),
  key: endpointKey(i),
  value: `{"status":"${i % 2 ? "up" : "down"}"}`,
});
print(`live changes, ${SECONDS} s each, from before the write until the message is there`);
for (const perSecond of [2500, 5000]) {
  await benchLive("agents", "agents", { perSecond, perRevision: 10, change: agentChange }, places);
  await benchLive(
    "agents, 100 in one revision",
    "agents",
    { perSecond, perRevision: 100, change: agentChange },
    places,
  );
  await benchLive("ports", "ports", { perSecond, perRevision: 10, change: portChange }, places);
  for (const threads of [4, 32]) {
    await benchLive(
      `ports, 100 in one revision, ${threads} in flight`,
      "ports",
      { perSecond, perRevision: 100, change: portChange },
      places,
      threads,
    );
  }
}
await benchBrake(places);
etcd.close();
