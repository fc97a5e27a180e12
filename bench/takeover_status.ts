/**
 * How long it takes a new master to have the status of all ports right in Neutron: Felix says that all are up,
 * one in a hundred is DOWN there, and the plugin takes 35 ports a second, as one RPC worker of Neutron's does.
 * For a build that tells all of them again, the time is worked out from a minute of it.
 *
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";
import { felixPrefix } from "../lib/calico/keys.ts";
import { defaultAnswer, type Received } from "../tests/support/fake_plugin.ts";
import type { Build } from "./builds.ts";
import { CloudRig } from "./cloud_rig.ts";
import { COST } from "./neutron_workers.ts";
import { print } from "./print.ts";
import type { Report } from "./report.ts";
import { put } from "./status_load.ts";
import { setting } from "./settings.ts";

const PORTS_PER_SECOND = 35;
/** One in so many differs. */
const DIFFERENT = 100;
/** An earlier build is looked at for so long, s. */
const LOOK_SECONDS = setting("BENCH_STATUS_SECONDS", 60, 10);
/** So many times one listing, and it is given up. */
const PATIENCE = 5;

/** What is measured. */
export interface StatusBench {
  readonly ours: Build;
  readonly before: Build | null;
  readonly ports: number;
  readonly workers: number;
}

/** Adds the figures. */
export async function measureStatus(
  report: Report,
  { ours, before, ports, workers }: StatusBench,
): Promise<void> {
  const label = `${ports.toLocaleString("en-US")} ports, one in ${DIFFERENT} with another status`;
  const listing = ports * COST.whole / 1000;
  // A first look says how long it would take to tell all; then nothing more need be waited for.
  const theirs = before && await rightAgain(before, { ports, workers, seconds: LOOK_SECONDS });
  const patience = Math.max(LOOK_SECONDS, PATIENCE * listing + 30);
  const own = await rightAgain(ours, { ports, workers, seconds: patience });
  report.add(`${label}, right after`, [{ value: own.seconds, baseline: listing }], {
    unit: "s",
    baseline: "one listing",
    goal: 1.5,
  });
  report.plain(`${label}, ports told until then`, own.told, "ports");
  if (!theirs) return;
  report.add(`${label}, beside before`, [{ value: own.seconds, baseline: theirs.seconds }], {
    unit: "s",
    baseline: before!.name,
    goal: 1 / 30,
  });
}

interface Outcome {
  /** From the election key until all are right: measured, or worked out from the rate. */
  readonly seconds: number;
  /** Ports that were told. */
  readonly told: number;
}

/** Has a new master look at the statuses, for so long at most. */
async function rightAgain(
  build: Build,
  { ports, workers, seconds }: { ports: number; workers: number; seconds: number },
): Promise<Outcome> {
  await using rig = await CloudRig.start(build, ports);
  const first = await rig.node("node-0");
  await rig.fill(first);
  await first.stop();
  await sayAllUp(rig);
  const wrong = new Set<string>();
  for (let i = 0; i < ports; i += DIFFERENT) wrong.add(rig.cloud.portId(i));
  await rig.setStatus([...wrong], "DOWN");
  const taken = slowPlugin(rig, wrong);
  await rig.workers(workers);
  const from = performance.now();
  await rig.node("node-1");
  const won = await rig.leads("node-1", from);
  const until = won + seconds * 1000;
  while (wrong.size > 0 && performance.now() < until) await sleep(50);
  const took = (performance.now() - won) / 1000;
  const { told } = taken;
  print(
    `    ${build.name}: after ${
      took.toFixed(1)
    } s ${wrong.size} are wrong, ${told} ports were told`,
  );
  if (wrong.size === 0) return { seconds: took, told };
  if (told === 0) return { seconds: NaN, told };
  // It tells all of them: the last one comes when all others were told.
  print(`    ${build.name}: worked out from its ${(told / took).toFixed(1)} reports a second`);
  return { seconds: ports * took / told, told };
}

/** Felix's statuses of all endpoints. */
async function sayAllUp({ etcd, cloud, ports }: CloudRig): Promise<void> {
  const prefix = felixPrefix(null);
  for (let from = 0; from < ports; from += 100) {
    const keys = Array.from({ length: Math.min(100, ports - from) }, (_, n) => {
      const i = from + n;
      const workload = `openstack%2f${cloud.deviceId(i)}`;
      return `${prefix}${cloud.hostOf(i)}/workload/openstack/${workload}/endpoint/${
        cloud.portId(i)
      }`;
    });
    await put(etcd, keys.map((key) => ({ key, value: '{"status":"up"}' })));
  }
}

/** Makes the plugin take its time, and Neutron what it is told; those that are right leave the set. */
function slowPlugin(rig: CloudRig, wrong: Set<string>): { told: number } {
  const taken = { told: 0 };
  let turn = Promise.resolve();
  const take = async (up: readonly string[], down: readonly string[]) => {
    await sleep((up.length + down.length) * 1000 / PORTS_PER_SECOND);
    taken.told += up.length + down.length;
    await rig.setStatus(up, "ACTIVE");
    await rig.setStatus(down, "DOWN");
    for (const id of up) wrong.delete(id);
  };
  rig.plugin.answer = (received: Received) => {
    const { method, args } = received;
    const of = (one: string, all: string): string[] =>
      args[all] ?? (method === one ? [args.device] : []);
    const up = of("update_device_up", "devices_up");
    const down = of("update_device_down", "devices_down");
    if (up.length + down.length === 0) return defaultAnswer(received);
    turn = turn.then(() => take(up, down));
    return turn.then(() => defaultAnswer(received));
  };
  return taken;
}
