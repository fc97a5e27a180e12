/** The ways in which the syncer makes etcd equal, each as the resource syncer starts it. @module */
import { Buffer } from "node:buffer";
import type { Cloud } from "../../lab/model.ts";
import { systemClock } from "../../lib/base/clock.ts";
import { EventSync } from "../../lib/sync/sources/events.ts";
import { incrementalResync } from "../../lib/sync/sources/incremental.ts";
import type { CloudIndex } from "../../lib/sync/index/cloud_index.ts";
import { type ResyncResult, SyncRun } from "../../lib/sync/apply/sync_run.ts";
import { emptyScope } from "../../lib/sync/index/backlog.ts";
import { Round } from "../../lib/sync/rounds/round.ts";
import { reconcile } from "../../lib/sync/sources/named.ts";
import { fullResync } from "../../lib/sync/sources/full.ts";
import { TIME_FACTOR } from "../support/assert.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { VICTIMS } from "./cloud.ts";
import { inCloud } from "./stand_in.ts";
import type { Product, World } from "./world.ts";

/** A way. */
export type Kind =
  | "full"
  | "periodic"
  | "incremental"
  | "narrow"
  | "events"
  | "early events"
  | "round"
  | "whole round";

/** A run takes longer only when it has no end, ms. */
const LIMIT_MS = 15_000 * TIME_FACTOR;

/** How a run ended. */
export interface Ended {
  /** Null: it has no end. */
  readonly result: Omit<ResyncResult, "kinds"> | null;
  readonly error: unknown;
  /** What is remembered now; null: a resync failed that had none to build on. */
  readonly index: CloudIndex | null;
}

/** What a run starts from. */
export interface Start {
  readonly world: World;
  readonly product: Product;
  readonly index: CloudIndex | null;
  readonly before: Cloud;
  readonly after: Cloud;
}

/** Runs the syncer in that way once. */
export async function run(kind: Kind, start: Start): Promise<Ended> {
  const stop = new AbortController();
  const tooLong = new Error("it has no end");
  const timer = setTimeout(() => stop.abort(tooLong), LIMIT_MS);
  try {
    return await WAYS[kind](start, stop.signal);
  } catch (error) {
    const result = error === tooLong ? null : { guards: [], leftOut: [], warnings: [] };
    return { result, error, index: kind === "full" ? null : start.index };
  } finally {
    clearTimeout(timer);
    stop.abort(new Error("the run is over"));
  }
}

type Way = (start: Start, signal: AbortSignal) => Promise<Ended>;

const WAYS: Readonly<Record<Kind, Way>> = {
  async full({ world, product }, signal) {
    await product.deps.neutron.askExtensions(signal);
    const { index, ...result } = await fullResync(product.deps, world.term(signal));
    return { result, error: null, index };
  },

  async periodic({ world, product, index }, signal) {
    const options = { previous: index!, beside: index! };
    const full = await fullResync(product.deps, world.term(signal), options);
    index!.close();
    return { result: full, error: null, index: full.index };
  },

  async incremental(start, signal) {
    const { index } = start;
    index!.projectsReadAt = -Infinity; // a minute has passed
    const run = syncRunOf(start, signal);
    await incrementalResync(run);
    return { result: run.result(), error: null, index };
  },

  async narrow(start, signal) {
    const { index, before, after } = start;
    const run = syncRunOf(start, signal);
    const scope = emptyScope();
    for (const [to, collection] of SCOPES) {
      for (const id of VICTIMS[collection]) scope[to].add(id);
      for (const { id } of changes(before, after, collection)) scope[to].add(id);
    }
    await reconcile(run, scope);
    return { result: run.result(), error: null, index };
  },

  events: handleEvents,

  "early events": async (start, signal) => {
    start.index?.close(); // another term's
    return await handleEvents({ ...start, index: null }, signal);
  },

  "round": (start, signal) => goRound(start, signal, false),
  "whole round": (start, signal) => goRound(start, signal, true),
};

/** Slice by slice, up to the end or the first that fails; what its slices hold back and leave, together. */
async function goRound(
  { world, product: { deps }, index }: Start,
  signal: AbortSignal,
  whole: boolean,
): Promise<Ended> {
  index!.projectsReadAt = -Infinity; // a minute has passed
  const round = new Round({ index: index!, neutron: deps.neutron, whole });
  const all: Pick<ResyncResult, "guards" | "leftOut" | "warnings"> = {
    guards: [],
    leftOut: [],
    warnings: [],
  };
  while (!round.ended) {
    const { guards, leftOut, warnings } = await round.slice(deps, world.term(signal));
    all.guards.push(...guards);
    all.leftOut.push(...leftOut);
    all.warnings.push(...warnings);
  }
  return { result: all, error: null, index };
}

const SCOPES = [["ports", "ports"], ["groups", "security-groups"], ["subnets", "subnets"]] as const;

function syncRunOf({ world, product, index }: Start, signal: AbortSignal): SyncRun {
  const { deps } = product;
  return new SyncRun(deps, world.term(signal), index!);
}

/** As notifications name what they bring. */
const RESOURCES = {
  "ports": "port",
  "security-groups": "security_group",
  "subnets": "subnet",
  "networks": "network",
  "qos/policies": "policy",
  "floatingips": "floatingip",
  "address-groups": "address_group",
} as const;
type Announced = keyof typeof RESOURCES;

interface Change {
  readonly id: string;
  readonly action: "create" | "update" | "delete";
  readonly record: unknown;
}

/** What has become of a collection. */
function changes(before: Cloud, after: Cloud, collection: Announced): Change[] {
  const name = inCloud(collection);
  const gone = before.list(name).filter(({ id }) => !after.get(name, id))
    .map((record) => ({ id: record.id, action: "delete" as const, record }));
  const others = after.list(name).flatMap((record): Change[] => {
    const was = before.get(name, record.id);
    if (was?.revision_number === record.revision_number) return [];
    return [{ id: record.id, action: was ? "update" : "create", record }];
  });
  return [...gone, ...others];
}

/** Neutron announces all that has changed, and the syncer handles it, or fails to. */
async function handleEvents(
  { world, product, index, before, after }: Start,
  signal: AbortSignal,
): Promise<Ended> {
  const stop = new AbortController();
  const log = new LogRecorder();
  const events = new EventSync({
    base: product.deps,
    term: world.term(AbortSignal.any([signal, stop.signal])),
    context: { clock: systemClock, log },
    stateDir: "/nonexistent",
    index: () => index,
    compare: () => {},
  });
  const done = events.run();
  for (const [collection, resource] of Object.entries(RESOURCES)) {
    for (const { id, action, record } of changes(before, after, collection as Announced)) {
      const payload = { [resource]: record, [`${resource}_id`]: id };
      const message = { event_type: `${resource}.${action}.end`, payload };
      events.receive(Buffer.from(JSON.stringify(message)));
    }
  }
  const handled = () => {
    const { passes, failures } = events.record({ queue: null, trouble: null });
    // Before a full resync they wait until extensions and keys are known.
    const isNotReady = index === null && log.records.some(({ level }) => level === "warn");
    return passes + failures > 0 || isNotReady;
  };
  while (!handled() && !signal.aborted) await systemClock.sleep(10);
  stop.abort(new Error("enough"));
  await done;
  signal.throwIfAborted();
  const failure = log.records.find(({ fields }) => fields.error instanceof Error);
  const warnings = log.records.map(({ message, fields }) => `${message}: ${fields.warning ?? ""}`);
  const result = { guards: [], leftOut: [], warnings };
  return { result, error: failure?.fields.error ?? null, index };
}
