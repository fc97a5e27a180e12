/**
 * How long full resyncs from a real Neutron take with lists in one walk and with lists that are cut, and what
 * another client sees beside them. Not a part of any suite:
 *
 *   OPENSTACK_BED=DIR deno run -A tests/openstack/measure_walks.ts [PORTS] [ROUNDS] [alone]
 *
 * `alone` leaves the other client out; an odd number of rounds has a median. The bed is one of `bed/bed.sh up DIR`, with two API workers.
 *
 * @module
 */
import { systemClock } from "../../lib/base/clock.ts";
import { openEtcd } from "../../lib/etcd/client.ts";
import { KeystoneAuth } from "../../lib/openstack/keystone.ts";
import { NeutronClient } from "../../lib/openstack/neutron.ts";
import { fullResync } from "../../lib/sync/sources/full.ts";
import type { ResyncDeps } from "../../lib/sync/apply/sync_run.ts";
import { print, quantile } from "../../bench/print.ts";
import { startEtcd } from "../support/etcd_server.ts";
import { testConfig } from "../support/test_config.ts";
import { Bed, CONDUCTOR } from "./support/bed.ts";
import { manyPorts } from "./support/many_ports.ts";

const [count = 10_000, rounds = 3] = Deno.args.slice(0, 2).map(Number);
const alone = Deno.args[2] === "alone";
const { signal } = new AbortController();
const bed = await Bed.open();
await manyPorts(bed, count);
await using etcdServer = await startEtcd();
const etcd = openEtcd({ ...testConfig().etcd, endpoints: [etcdServer.url], callTimeoutMs: 30_000 });

/** Requests of another client, one after the other, until it is told to stop; their durations, ms. */
async function beside(stop: AbortSignal): Promise<number[]> {
  const [port] = await bed.neutron.list("ports?fields=id&limit=1");
  const took: number[] = [];
  while (!stop.aborted) {
    const from = performance.now();
    await bed.neutron.get(`ports/${port.id}`);
    took.push(performance.now() - from);
  }
  return took;
}

interface Measured {
  readonly name: string;
  readonly ms: number;
  readonly limit: number;
  readonly requests: number;
  readonly others: readonly number[];
}

/** A first full resync into an empty etcd, and the next one, for which etcd's keys are known. */
async function measure(neutronParallel: number, withOther: boolean): Promise<Measured[]> {
  const openstack = {
    ...testConfig().openstack,
    neutronUrl: bed.at.neutronUrl,
    authUrl: bed.at.keystoneUrl,
    credential: {
      method: "password" as const,
      user: { name: CONDUCTOR.username, domain: { name: "Default" } },
      password: CONDUCTOR.password,
      project: { name: CONDUCTOR.project, domain: { name: "Default" } },
    },
    requestTimeoutMs: 60_000,
    pageSize: 1000,
    neutronParallel,
  };
  await etcd.delete().all().exec();
  const created = await etcd.put("/election").value("node-1:1").exec();
  const term = { term: created.header.revision, id: "node-1:1", electionKey: "/election", signal };
  const measured: Measured[] = [];
  for (const name of ["empty etcd", "etcd as it is"]) {
    let requests = 0;
    using keystone = new KeystoneAuth(openstack, systemClock, () => requests++);
    const neutron = new NeutronClient(openstack, keystone);
    await neutron.askExtensions(signal);
    const deps: ResyncDeps = {
      etcd,
      keystone,
      neutron,
      clock: systemClock,
      region: null,
      progress: () => {},
    };
    const stop = new AbortController();
    const other = withOther ? beside(stop.signal) : Promise.resolve([]);
    const from = performance.now();
    const { index, kinds } = await fullResync(deps, term);
    const ms = performance.now() - from;
    stop.abort();
    const { neutronItems } = kinds.WorkloadEndpoint;
    // But for the one that was copied, which is not bound.
    if (neutronItems < count - 1) throw new Error(`${neutronItems} endpoints of ${count} ports`);
    index.close();
    measured.push({ name, ms, requests, limit: neutron.gate.pace.limit, others: await other });
  }
  return measured;
}

const settings = ([[1, false], [2, false], [1, true], [2, true]] as const)
  .filter(([, other]) => !(alone && other));
const all = settings.map(() => [] as Measured[]);
for (let round = 0; round < rounds; round++) {
  for (const [i, [parallel, other]] of settings.entries()) {
    for (const one of await measure(parallel, other)) {
      all[i]!.push(one);
      print(
        `  ${parallel} at a time${other ? ", another client" : ""}, ${one.name}: ` +
          `${Math.round(one.ms)} ms, ${one.requests} requests, limit ${one.limit}`,
      );
    }
  }
}
const ms = (value: number) => value.toFixed(0);
if (!alone) {
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 5000);
  const took = await beside(stop.signal);
  print(
    `another client alone: p50 ${ms(quantile(took, 0.5))} ms, p99 ${ms(quantile(took, 0.99))} ms`,
  );
}
for (const name of ["empty etcd", "etcd as it is"]) {
  const of = (i: number) => all[i]!.filter((one) => one.name === name);
  const median = (i: number) => quantile(of(i).map(({ ms }) => ms), 0.5);
  const p99 = (i: number) => quantile(of(i).flatMap(({ others }) => others), 0.99);
  print(
    `${name}, ${count} ports, median of ${rounds}: one walk ${ms(median(0))} ms, ` +
      `two ${ms(median(1))} ms: ${(median(1) / median(0)).toFixed(2)} ×`,
  );
  if (alone) continue;
  print(
    `  beside another client ${(median(3) / median(2)).toFixed(2)} ×, whose p99 is ` +
      `${ms(p99(2))} ms beside one walk and ${ms(p99(3))} ms beside two`,
  );
}
etcd.close();
