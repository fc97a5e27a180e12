/**
 * The table of `docs/figures.md`: each line is a sentence with places for figures, `{benchmark: name}` for
 * what was measured and `{benchmark: name|ratio}` for its ratio. Lines of a benchmark that was never
 * kept are left out. Pure.
 *
 * @module
 */
import { madeOf, NotMeasuredError } from "./not_measured.ts";
import { digits, type Figure } from "./report.ts";

/** What the benchmarks with a Neutron that costs compare with. */
const OF_BEFORE = "of what it was before (commit 00be05d)";

const ROWS: readonly (readonly [what: string, measured: string])[] = [
  [
    "orderly hand-over, SIGTERM to a job's start (50 runs)",
    "p50 {failover: orderly hand-over, p50}, p99 {failover: orderly hand-over, p99 of 50}",
  ],
  [
    "manager killed, to a job's start (50 runs)",
    "p50 {failover: manager killed, p50}, p99 {failover: manager killed, p99 of 50}",
  ],
  [
    "node killed, to a job's start (50 runs)",
    "{failover: node killed, TTL 5 s, p50|ratio} to " +
    "{failover: node killed, TTL 5 s, p99 of 50|ratio} × the lease's TTL",
  ],
  ["`isMaster()`", "{failover: isMaster(), p50|ratio} × a bare read of the KV file"],
  [
    "full resync into an empty etcd, 10,000 / 100,000 ports",
    "{resync: 10,000 ports, into an empty etcd|ratio} / " +
    "{resync: 100,000 ports, into an empty etcd|ratio} × bare transactions",
  ],
  [
    "first resync of a term, all compared, nothing to do",
    "{resync: 10,000 ports, all compared, nothing to do|ratio} / " +
    "{resync: 100,000 ports, all compared, nothing to do|ratio} × bare reads",
  ],
  [
    "periodic resync, nothing to do",
    "{resync: 10,000 ports, periodic, nothing to do|ratio} / " +
    "{resync: 100,000 ports, periodic, nothing to do|ratio} × bare reads",
  ],
  [
    "incremental resync, 1 % of 100,000 ports changed",
    "{resync: 100,000 ports, 1 % changed, incremental, CPU|ratio} of a full one's CPU, " +
    "{resync: 100,000 ports, 1 % changed, incremental, bytes|ratio} of its bytes",
  ],
  [
    "one change as an event brings it, 100,000 ports",
    "{resync: 100,000 ports, 100 changes one by one, each}",
  ],
  [
    "a change in Neutron, from its announcement to etcd, 20 a second",
    "p50 {events: 20 changes/s, announcement to etcd, p50}, " +
    "p99 {events: 20 changes/s, announcement to etcd, p99}",
  ],
  [
    "resource syncer, most memory, 10,000 / 100,000 ports",
    "{resync: 10,000 ports, most memory resident} / " +
    "{resync: 100,000 ports, most memory resident}, of that " +
    "{resync: 100,000 ports, of that packed, per port} a port",
  ],
  ["start to ready, a lab of 200 ports", "{node: start to ready, a lab of 200 ports}"],
  ["memory of an idle node, all its processes", "{node: all of a node, memory}"],
  [
    "a node with nothing to do, a minute",
    "{idle: one node, CPU} CPU, {idle: one node, requests of etcd} requests and " +
    "{idle: one node, puts into etcd} puts into etcd",
  ],
  [
    "the five roles of that node, CPU",
    "{idle: one node, CPU of the roles of a node together}",
  ],
  [
    "100,000 endpoint keys into the status queue",
    "{status: 100,000 endpoints, a snapshot into the queue|ratio} × bare reads, " +
    "{status: 100,000 endpoints all waiting, memory per 100,000} while they wait",
  ],
  [
    "agents' reports of 5,000 hosts, etcd's commit to the bus",
    "at 1,250/s p50 " +
    "{status: 5,000 hosts, agents, 1250/s, delay p50}, p99 " +
    "{status: 5,000 hosts, agents, 1250/s, delay p99}",
  ],
  [
    "CPU of 1,000 changes: agents' reports / port status, 1,000 hosts",
    "{status: 1,000 hosts, agents, CPU of 1,000 changes} / " +
    "{status: 1,000 hosts, ports, CPU of 1,000 changes}",
  ],
  [
    "watch lost to a compaction, 100,000 endpoints",
    "all right again after {status: 100,000 endpoints, all right again after a compaction}",
  ],
  [
    "a new master: election key to the first announced change in etcd, 10,000 / 100,000 ports " +
    "(`deno task bench:takeover`)",
    "{takeover: 10,000 ports, first announced change in etcd} / " +
    "{takeover: 100,000 ports, first announced change in etcd}: " +
    "{takeover: 10,000 ports, first announced change in etcd|ratio} / " +
    `{takeover: 100,000 ports, first announced change in etcd|ratio} ${OF_BEFORE}`,
  ],
  [
    "the same until all is compared",
    "{takeover: 10,000 ports, all compared} / {takeover: 100,000 ports, all compared}: " +
    "{takeover: 10,000 ports, all compared|ratio} / " +
    `{takeover: 100,000 ports, all compared|ratio} ${OF_BEFORE}`,
  ],
  [
    "port status right after a change of master, 100,000 ports, one in 100 different " +
    "(`deno task bench:takeover`)",
    "{takeover: 100,000 ports, one in 100 with another status, right after|ratio} × one listing, " +
    "{takeover: 100,000 ports, one in 100 with another status, beside before|ratio} " + OF_BEFORE,
  ],
  [
    "how busy a node keeps Neutron, 5,000 / 100,000 ports (`deno task bench:neutron-load`)",
    "{neutron_load: 5,000 ports, Neutron busy} / {neutron_load: 100,000 ports, Neutron busy}: " +
    "{neutron_load: 5,000 ports, Neutron busy|ratio} / " +
    `{neutron_load: 100,000 ports, Neutron busy|ratio} ${OF_BEFORE}`,
  ],
  [
    "a change that nobody announces, to etcd, 5,000 / 100,000 ports",
    "at most {neutron_load: 5,000 ports, a silent change found, at most} / " +
    "{neutron_load: 100,000 ports, a silent change found, at most}",
  ],
  [
    "first resync of a term, 100,000 ports, 8 workers of Neutron, `neutron_parallel` 8 " +
    "(`deno task bench:neutron-load`)",
    "{neutron_load: 100,000 ports, full, 8 workers}: " +
    `{neutron_load: 100,000 ports, full, 8 workers|ratio} ${OF_BEFORE}; another client's port p99 ` +
    "{neutron_load: 100,000 ports, full, 8 workers, another client's port, p99}",
  ],
];

/** Fills the places. @throws {NotMeasuredError} figures were not measured. */
export function fillIn(text: string, figures: readonly Figure[]): string {
  const missing: string[] = [];
  const filled = text.replaceAll(/\{([^}|]+)(\|ratio)?\}/g, (_, name: string, ratio?: string) => {
    const found = figures.find((figure) => `${figure.bench}: ${figure.name}` === name);
    if (!found || (ratio && found.ratio === null)) missing.push(name);
    else if (ratio) return digits(Number(found.ratio!.toPrecision(2)));
    else return `${digits(found.value)} ${unitText(found.unit)}`;
    return "";
  });
  if (missing.length > 0) throw new NotMeasuredError(missing);
  return filled;
}

/** Counts are counts; the sentence says of what. */
function unitText(unit: string): string {
  return unit === "a minute" ? "" : unit.replace("s/min", "s");
}

/** Rows with headings. @throws {NotMeasuredError} figures of a benchmark that was kept were not measured. */
export function figureRows(figures: readonly Figure[]): string[][] {
  const kept = new Set(figures.map(({ bench }) => bench));
  const known = ([, measured]: typeof ROWS[number]) =>
    [...measured.matchAll(/\{(\w+): /g)].every(([, bench]) => kept.has(bench!));
  const tidy = (text: string) =>
    fillIn(text, figures).replaceAll(/ {2,}/g, " ").replaceAll(" /s", "/s");
  const rows = ROWS.filter(known);
  const texts = madeOf(rows.map(([, text]) => () => tidy(text)));
  return [["what", "measured"], ...rows.map(([what], i) => [what, texts[i]!])];
}
