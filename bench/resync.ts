/**
 * The resource syncer against the floor: a full resync into an empty etcd beside bare batched
 * transactions of the same keys and bytes; one with nothing to do beside bare reads of the same pages
 * and ranges; what an incremental and a narrow one cost; memory and the event loop.
 *
 * `BENCH_PORTS` (default `10000,100000`) says how many ports. Neutron's pages come from a server
 * that has them ready; etcd is real. Each size runs in a process of its own.
 *
 * @module
 */
import { cpuUsage } from "node:process";
import type { Etcd3 } from "etcd3";
import { systemClock } from "../lib/clock.ts";
import { openEtcd } from "../lib/etcd/client.ts";
import { readSnapshot } from "../lib/etcd/snapshot.ts";
import type { Term } from "../lib/master_context.ts";
import { KeystoneAuth } from "../lib/openstack/keystone.ts";
import { NeutronClient } from "../lib/openstack/neutron.ts";
import { incrementalResync } from "../lib/sync/incremental.ts";
import { EtcdSink, Pass, type ResyncDeps } from "../lib/sync/pass.ts";
import { emptyScope, PORT_FIELDS, reconcile } from "../lib/sync/reconcile.ts";
import { fullResync } from "../lib/sync/resync.ts";
import { startEtcd } from "../tests/support/etcd_server.ts";
import { testConfig } from "../tests/support/test_config.ts";
import { print } from "./print.ts";

const ELECTION = "/election";
const PAGE = 1000;
const BATCH = 120;
const IN_FLIGHT = 4;
const CHANGES = 10;

/** Wall time, s, of an act, with CPU time and the longest hold-up of the event loop, ms. */
async function measure<T>(act: () => Promise<T>) {
  let [last, blockedMs] = [performance.now(), 0];
  let peak = 0;
  const timer = setInterval(() => {
    blockedMs = Math.max(blockedMs, performance.now() - last);
    last = performance.now();
    peak = Math.max(peak, Deno.memoryUsage().rss);
  }, 2);
  const cpu = cpuUsage();
  const from = performance.now();
  const result = await act();
  const seconds = (performance.now() - from) / 1000;
  const used = cpuUsage(cpu);
  clearInterval(timer);
  const cpuSeconds = (used.user + used.system) / 1e6;
  return { result, seconds, cpuSeconds, blockedMs, peakMiB: peak / 2 ** 20 };
}

async function startNeutron(ports: number) {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--quiet",
      "--no-check",
      new URL("neutron_server.ts", import.meta.url).pathname,
      String(ports),
    ],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  const url = `http://127.0.0.1:${new TextDecoder().decode(value).trim()}`;
  return {
    url,
    bytes: async () => Number(await (await fetch(`${url}/bytes`)).text()),
    change: async () => await (await fetch(`${url}/change?count=${CHANGES}`)).text(),
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.status;
      await reader.cancel();
    },
  };
}

/** The same keys and bytes in bare transactions, several in flight. */
async function writeBare(etcd: Etcd3, items: readonly (readonly [string, string])[]) {
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const batch = items.slice(next, next += BATCH);
      await etcd.if(ELECTION, "Version", ">", 0)
        .then(...batch.map(([key, value]) => etcd.put(key).value(value))).commit();
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
}

/** The same ranges, then the same pages: etcd has to be read first. */
async function readBare(etcd: Etcd3, neutron: string): Promise<void> {
  const lists = ["networks", "subnets", "floatingips", "qos/policies", "security-groups", "ports"];
  await readSnapshot(etcd, "/calico/", { pageSize: PAGE });
  await Promise.all(lists.map(async (list) => {
    let marker: string | null = null;
    do {
      const url = new URL(`${neutron}/v2.0/${list}?limit=${PAGE}`);
      if (list === "ports") { for (const f of PORT_FIELDS) url.searchParams.append("fields", f); }
      if (marker) url.searchParams.set("marker", marker);
      const body = await (await fetch(url)).json();
      const name = list.split("/").at(-1)!.replaceAll("-", "_");
      marker = body[`${name}_links`].length > 0 ? body[name].at(-1).id : null;
    } while (marker);
  }));
}

/** Bytes that an etcd has exchanged with its clients. */
async function etcdBytes(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return [...text.matchAll(/^etcd_network_client_grpc_(?:sent|received)_bytes_total (\S+)$/gm)]
    .reduce((sum, match) => sum + Number(match[1]), 0);
}

interface Bench {
  readonly etcd: Etcd3;
  readonly deps: ResyncDeps;
  readonly term: Term;
}

async function open(etcdUrl: string, neutronUrl: string): Promise<Bench> {
  const config = testConfig({ etcd: { ...testConfig().etcd, endpoints: [etcdUrl] } });
  const openstack = { ...config.openstack, neutronUrl, authUrl: null, pageSize: PAGE };
  const etcd = openEtcd({ ...config.etcd, callTimeoutMs: 30_000 });
  const { header } = await etcd.put(ELECTION).value("node-1:1").exec();
  const keystone = new KeystoneAuth(openstack, systemClock);
  const neutron = new NeutronClient(openstack, keystone);
  const deps = { etcd, keystone, neutron, clock: systemClock, region: null, progress: () => {} };
  const term = {
    term: header.revision,
    electionKey: ELECTION,
    signal: new AbortController().signal,
  };
  return { etcd, deps, term };
}

async function benchSize(ports: number): Promise<void> {
  await using server = await startEtcd(["--quota-backend-bytes=8589934592"]);
  await using floorServer = await startEtcd(["--quota-backend-bytes=8589934592"]);
  await using neutron = await startNeutron(ports);
  const { etcd, deps, term } = await open(server.url, neutron.url);
  const floor = await open(floorServer.url, neutron.url);
  try {
    // Once each, for the caches of the servers and the compiler; what it wrote goes again.
    for (const side of [floor, { etcd, term }]) {
      await fullResync({ ...deps, etcd: side.etcd }, side.term);
      await side.etcd.delete().prefix("/calico/");
    }
    const full = await measure(() => fullResync(deps, term));
    const snapshot = await readSnapshot(etcd, "/calico/");
    const items = snapshot.items.map(({ key, value }) => [key, value.toString()] as const);
    const write = await measure(() => writeBare(floor.etcd, items));
    const row = (what: string, text: string) =>
      print(`${`${ports} ports, ${what}`.padEnd(44)} ${text}`);
    const s = (seconds: number) => `${seconds.toFixed(2)} s`;
    row(
      "into an empty etcd",
      `${s(full.seconds)}, ${
        (full.seconds / write.seconds).toFixed(2)
      } × bare transactions (goal 2), ` +
        `peak ${full.peakMiB.toFixed(0)} MiB, event loop held up ${
          full.blockedMs.toFixed(0)
        } ms at most`,
    );
    const read = await measure(() => readBare(etcd, neutron.url));
    const bytes = async () => await neutron.bytes() + await etcdBytes(server.url);
    // The second compares everything; the third is what a periodic one costs.
    const before = await bytes();
    const second = await measure(() => fullResync(deps, term));
    const fullBytes = await bytes() - before;
    const { memory: previous } = second.result;
    const again = await measure(() => fullResync(deps, term, { previous }));
    row(
      "nothing to change",
      `${s(again.seconds)}, ${
        (again.seconds / read.seconds).toFixed(2)
      } × bare reads (goal 1.5), ` +
        `event loop held up ${again.blockedMs.toFixed(0)} ms at most`,
    );
    if (Deno.env.has("BENCH_VERBOSE")) print(JSON.stringify(full.result.kinds.WorkloadEndpoint));
    await neutron.change();
    const { memory } = again.result;
    const from = await bytes();
    const newPass = () => new Pass(deps, term, new EtcdSink(deps, term));
    const some = await measure(() => incrementalResync(newPass(), memory));
    const someBytes = await bytes() - from;
    row(
      `incremental after ${CHANGES} changes`,
      `${s(some.seconds)}, ${
        (100 * someBytes / fullBytes).toFixed(1)
      } % of a full one's bytes (goal 6), ` +
        `${(100 * some.cpuSeconds / second.cpuSeconds).toFixed(0)} % of its CPU (goal 10)`,
    );
    const [port] = [...memory.ports].map(([id]) => id);
    const one = await measure(() =>
      reconcile(newPass(), memory, { ...emptyScope(), ports: new Set([port!]) })
    );
    row("one port", `${(one.seconds * 1000).toFixed(0)} ms in all (goal 50 ms of our own)`);
  } finally {
    etcd.close();
    floor.etcd.close();
  }
}

if (Deno.args[0]) await benchSize(Number(Deno.args[0]));
else {
  for (const ports of (Deno.env.get("BENCH_PORTS") ?? "10000,100000").split(",")) {
    const { code } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", import.meta.url, ports],
      stdout: "inherit",
      stderr: "inherit",
    }).output();
    if (code !== 0) Deno.exit(code);
  }
}
