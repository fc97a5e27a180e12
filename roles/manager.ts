/** The manager: leader election, compaction of etcd, and what the nodes tell each other. @module */
import type { Etcd3 } from "etcd3";
import { hostAndPort } from "../lib/base/host_and_port.ts";
import { pageForOthers } from "../lib/config/page_url.ts";
import type { Outage } from "../lib/base/outage.ts";
import { openEtcd } from "../lib/etcd/client.ts";
import { runCompactor } from "../lib/etcd/compaction.ts";
import { checkMembers } from "../lib/etcd/member_checks.ts";
import { membersOf } from "../lib/etcd/members.ts";
import { etcdOutage } from "../lib/etcd/outage.ts";
import { publishDatabases } from "../lib/etcd/publish_databases.ts";
import { ClusterRegistry } from "../lib/election/cluster.ts";
import { runElector } from "../lib/election/elector.ts";
import type { ElectionStore } from "../lib/election/election_store.ts";
import { EtcdElectionStore } from "../lib/election/etcd_election_store.ts";
import { firstAnswer } from "../lib/election/first_answer.ts";
import { measured } from "../lib/election/measured_election_store.ts";
import { electionValue } from "../lib/election/key.ts";
import type { JobContext } from "../lib/role/master_context.ts";
import { Watchdog, whileOnTime } from "../lib/role/heartbeat.ts";
import { ROLE_NAMES } from "../lib/state/records.ts";
import { VERSION } from "../lib/base/version.ts";
import { type RoleContext, runRole } from "./bootstrap.ts";
import { runWhileMaster } from "../lib/election/while_master.ts";

/** Longest turn of the compactor's loop beyond what it waits for, ms. */
const TURN_MS = 10_000;

/** What its parts share, and each one's watchdog. */
interface Shared {
  readonly etcd: Etcd3;
  readonly watchdog: Watchdog;
  readonly outage: Outage;
}

async function manage(context: RoleContext<"manager">): Promise<void> {
  const { config, job, signal } = context;
  const etcd = openEtcd(config.etcd, job.meter);
  try {
    // The elector's loop gives the heartbeats, as long as the two beside it make progress.
    const registration = new Watchdog("the registry of nodes and terms", job.clock);
    const compaction = new Watchdog("the compactor", job.clock);
    const store = new EtcdElectionStore(etcd, config);
    if (config.lab.enabled) await firstAnswer(store, job, signal);
    const elections = measured(store, job.meter);
    const outage = etcdOutage(job);
    const registry = registryOf(context, { etcd, elections, watchdog: registration, outage });
    const alive = whileOnTime(job.alive, [registration, compaction], job.log);
    const { place } = config;
    const elector = { ...job, alive, pid: Deno.pid, place, observer: registry, outage };
    await Promise.all([
      runElector(config, elections, elector, signal),
      registry.run(signal),
      compact(context, { etcd, watchdog: compaction, outage }),
      publishDatabases(etcd, config.etcd, job, signal),
      checkMembers(membersOf(etcd).all, job, signal),
    ]);
  } finally {
    etcd.close();
  }
}

/** What the nodes tell each other. */
function registryOf(
  { config, job }: RoleContext<"manager">,
  { elections, ...shared }: Shared & { elections: ElectionStore },
): ClusterRegistry {
  const { host, port } = config.diagnostics;
  return new ClusterRegistry({
    ...shared,
    region: config.region,
    id: electionValue(config.election.name, Deno.pid),
    node: {
      name: config.nodeName,
      version: VERSION,
      roles: [...ROLE_NAMES],
      since: job.clock.now(),
      diagnostics: hostAndPort(host, port),
      page: pageForOthers(config),
    },
    callTimeoutMs: config.etcd.callTimeoutMs,
    watch: (onChange) => elections.watch(onChange),
    ...job,
  });
}

/** Compacts etcd while this node is master. */
async function compact(
  context: RoleContext<"manager">,
  { watchdog, ...shared }: Shared,
): Promise<void> {
  const { etcd: { callTimeoutMs }, compaction } = context.config;
  const job: JobContext = {
    ...context.job,
    alive: (_doing, _problem, withinMs = 0) => watchdog.within(withinMs + TURN_MS),
  };
  const options = { ...shared, pid: Deno.pid, callTimeoutMs, ...job, ...compaction };
  await runWhileMaster({ ...context, job }, async (term) => {
    try {
      await runCompactor(term, options);
    } finally {
      shared.outage.succeeded("compaction"); // who does not lead does not need it
    }
  });
}

await runRole("manager", manage);
