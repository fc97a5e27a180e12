/**
 * Large clouds: the table of `docs/scaling.md`. What `bench/million.ts` has measured is told as measured; all else is
 * multiplication of the latest figures, and what the factors are and where they were measured stands in
 * the table itself. Pure.
 *
 * @module
 */
import { NotMeasuredError } from "./not_measured.ts";
import { digits, type Figure } from "./report.ts";

/** Clouds that are worked out. */
const CLOUDS = [
  { ports: 100_000, hosts: 5000 },
  { ports: 1_000_000, hosts: 20_000 },
] as const;
type CloudSize = typeof CLOUDS[number];

/** Felix's defaults: ReportingIntervalSecs and the lease that it keeps for it. */
const REPORT_SECONDS = 30;
/** compaction_period's default, s. */
const COMPACTION_SECONDS = 3600;
/** Measured on Neutron 21.0, one client, one API worker, one RPC worker, 10,244 ports. */
const NEUTRON = {
  /** A page of 1,000 with the fields that we ask for, s per port. */
  secondsPerPort: 6.5 / 10_244,
  /** Ids and revision numbers alone. */
  secondsPerRevision: 4.4 / 10_244,
  /** neutron_budget's default, as a part of one worker's time. */
  budget: 0.05,
  /** Port status reports that one RPC worker takes a second. */
  portsPerSecond: 35,
  /** Agent reports that it takes a second. */
  reportsPerSecond: 743,
} as const;
const [MIB, GIB] = [2 ** 20, 2 ** 30];

/** Finds figures by their names, and notes those that were not measured. */
class Finder {
  readonly missing: string[] = [];

  constructor(readonly figures: readonly Figure[]) {}

  /** NaN: it was not measured. */
  of(bench: string, name: string): number {
    const found = this.figures.find((one) => one.bench === bench && one.name === name);
    if (!found) this.missing.push(`${bench}: ${name}`);
    return found?.value ?? NaN;
  }
}

/** One line: what, how it comes about, and its value for each cloud. */
interface Row {
  readonly what: string;
  readonly how: string;
  /** The end of the figure's name that says it of a cloud that was measured whole. */
  readonly measuredAs?: string;
  /** A line of what is measured alone. */
  value?(cloud: CloudSize): string;
}

const MEASURED_BENCH = "million";

/** What was measured of a cloud of that size; null: nothing. */
function measuredOf(figures: readonly Figure[], { ports }: CloudSize, name?: string) {
  const whole = `${ports.toLocaleString("en-US")} ports, ${name}`;
  const found = figures.find((one) => one.bench === MEASURED_BENCH && one.name === whole);
  return found ? `${digits(found.value)} ${found.unit}, measured` : null;
}

function rowsOf(figures: readonly Figure[]): Row[] {
  const found = new Finder(figures);
  const of = (bench: string, name: string) => found.of(bench, name);
  const perPort = of("resync", "100,000 ports, etcd's database, per port");
  const perStatus = of("status", "etcd's database, per endpoint status");
  const perReport = of("status", "etcd's database, per agent report that is kept");
  const packed = of("resync", "100,000 ports, of that packed, per port");
  const beside = of("resync", "100,000 ports, more of it while a full one runs, per port");
  const peak = of("resync", "100,000 ports, most memory resident");
  const followed = of("status", "100,000 endpoints followed, memory per 100,000, what lives");
  const waiting = of("status", "100,000 endpoints all waiting, memory per 100,000");
  const empty = of("resync", "100,000 ports, into an empty etcd") / 100_000;
  const compared = of("resync", "100,000 ports, all compared, nothing to do") / 100_000;
  const agentCpu = of("status", "5,000 hosts, agents, CPU of 1,000 changes") / 1000;
  if (found.missing.length > 0) throw new NotMeasuredError(found.missing);
  const reports = ({ hosts }: CloudSize) => hosts / REPORT_SECONDS;
  const database = (cloud: CloudSize) =>
    cloud.ports * (perPort + perStatus) + reports(cloud) * COMPACTION_SECONDS * perReport;
  const gib = (bytes: number) => `${digits(bytes / GIB)} GiB`;
  const mib = (value: number) => `${digits(Math.round(value))} MiB`;
  return [
    {
      what: "etcd: endpoints, policies, subnets",
      how: `${digits(perPort)} B a port`,
      measuredAs: "etcd's database",
      value: ({ ports }) => gib(ports * perPort),
    },
    {
      what: "etcd: endpoint status",
      how: `${digits(perStatus)} B a port`,
      value: ({ ports }) => gib(ports * perStatus),
    },
    {
      what: "etcd: agents' reports until compaction",
      how: `one per host in ${REPORT_SECONDS} s, ${digits(perReport)} B each, kept for an hour`,
      value: (cloud) => gib(reports(cloud) * COMPACTION_SECONDS * perReport),
    },
    { what: "etcd: its database in all", how: "the sum", value: (cloud) => gib(database(cloud)) },
    {
      what: "etcd: puts by agents, and as many keep-alives of leases",
      how: `one per host in ${REPORT_SECONDS} s`,
      value: (cloud) => `${digits(Math.round(reports(cloud)))} /s`,
    },
    {
      what: "resource-syncer: most memory",
      how: `${digits(peak)} MiB at 100,000 ports, then ${digits(packed)} B a port, ` +
        `and ${
          digits(beside)
        } B more while a full one runs (the last resync and the one that runs)`,
      measuredAs: "syncer, most memory while it takes over",
      value: ({ ports }) => mib(peak + (packed + beside) * (ports - 100_000) / MIB),
    },
    {
      what: "endpoint-status-watcher: memory while all endpoints wait to be reported",
      how: `${digits(waiting)} MiB for 100,000, beside its own 90 MiB`,
      value: ({ ports }) => mib(waiting * ports / 100_000),
    },
    {
      what: "endpoint-status-watcher: what lives of it afterwards",
      how: `${digits(followed)} MiB for 100,000`,
      value: ({ ports }) => mib(followed * ports / 100_000),
    },
    {
      what: "Neutron: all ports listed by one client",
      how: `${digits(NEUTRON.secondsPerPort * 1000)} ms a port`,
      value: ({ ports }) => minutes(ports * NEUTRON.secondsPerPort),
    },
    {
      what: "Neutron: ids and revision numbers listed",
      how: `${digits(NEUTRON.secondsPerRevision * 1000)} ms a port`,
      value: ({ ports }) => minutes(ports * NEUTRON.secondsPerRevision),
    },
    {
      what: "Neutron: a round of comparing within `neutron_budget`",
      how: `the same, at ${100 * NEUTRON.budget} % of one worker`,
      value: ({ ports }) => minutes(ports * NEUTRON.secondsPerRevision / NEUTRON.budget),
    },
    {
      what: "a new master, to the first announced change in etcd",
      how: "a Neutron that costs, 8 workers",
      measuredAs: "first announced change in etcd",
    },
    {
      what: "a new master, until all is compared",
      how: "the same, `neutron_parallel` 8",
      measuredAs: "all compared",
    },
    {
      what: "our part of a first resync, all compared",
      how: `${digits(compared * 1000)} ms a port, while Neutron makes the next page`,
      value: ({ ports }) => minutes(ports * compared),
    },
    {
      what: "our part of a resync into an empty etcd",
      how: `${digits(empty * 1000)} ms a port`,
      measuredAs: "into an empty etcd, from the node's start",
      value: ({ ports }) => minutes(ports * empty),
    },
    {
      what: "bus: agents' reports",
      how: `one RPC worker of Neutron takes ${NEUTRON.reportsPerSecond} /s`,
      value: (cloud) =>
        `${digits(Math.round(reports(cloud)))} /s, ` +
        `${digits(Math.round(100 * reports(cloud) / NEUTRON.reportsPerSecond))} % of a worker`,
    },
    {
      what: "agent-status-watcher: CPU",
      how: `${digits(agentCpu * 1000)} ms a report`,
      value: (cloud) => `${digits(Math.round(100 * reports(cloud) * agentCpu))} % of a core`,
    },
    {
      what: "bus: port status after a change of master, one in 100 different",
      how: `one RPC worker of Neutron takes ${NEUTRON.portsPerSecond} ports/s`,
      value: ({ ports }) => minutes(ports / 100 / NEUTRON.portsPerSecond),
    },
  ];
}

function minutes(seconds: number): string {
  return seconds < 120 ? `${digits(Math.round(seconds))} s` : `${digits(seconds / 60)} min`;
}

/** Rows of the table: headings first. @throws {NotMeasuredError} figures that it needs were not measured. */
export function scalingRows(figures: readonly Figure[]): string[][] {
  const headings = CLOUDS.map(({ ports, hosts }) =>
    `${ports.toLocaleString("en-US")} ports, ${hosts.toLocaleString("en-US")} hosts`
  );
  const rows = rowsOf(figures).map(({ what, how, measuredAs, value }) => [
    what,
    how,
    ...CLOUDS.map((cloud) => measuredOf(figures, cloud, measuredAs) ?? value?.(cloud) ?? null),
  ]).filter((row) => row.slice(2).some((cell) => cell !== null));
  return [
    ["what", "how", ...headings],
    ...rows.map((row) => row.map((cell) => cell ?? "")),
  ];
}
