/**
 * Bad days of Neutron and Keystone against a real etcd: whatever they answer, no key of etcd becomes
 * anything but what it was or what Neutron truly says, and the day after all is as it should be.
 * `HARM_ONLY` plays those whose name matches alone.
 *
 * @module
 */
import type { CloudIndex } from "../../lib/sync/index/cloud_index.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { BAD_DAYS, type BadDay, FAILS_WHOLE } from "./bad_days.ts";
import { cloudAfter, cloudBefore, composed, VICTIMS } from "./cloud.ts";
import { clearRegion, type Held, readHeld, type Source, Sources } from "./facets.ts";
import { judge, missed, type Truth } from "./judge.ts";
import { type CollectionName, COLLECTIONS } from "./records.ts";
import { type Ended, type Kind, run } from "./runs.ts";
import { StandIn } from "./stand_in.ts";
import { type Row, table, word } from "./table.ts";
import { World } from "./world.ts";

/** grpc-js keeps timers of its own, and all days share one etcd. */
const GRPC = { sanitizeOps: false, sanitizeResources: false };
const ONLY = new RegExp(Deno.env.get("HARM_ONLY") ?? "");
/** Problems of one day that are printed. */
const SHOWN = 12;
const WAYS: readonly Kind[] = [
  "full",
  "incremental",
  "periodic",
  "narrow",
  "events",
  "early events",
  "round",
  "whole round",
];
/** Days of these collections are played in every way, those of the others in two. */
const IN_EVERY_WAY = new Set(["ports", "security-groups", "address-groups"]);

/** The runs that see everything, of which a day's goal is asked. */
const LOOKS_AT_ALL = new Set<string>(
  ["full", "periodic", "incremental", "round", "whole round"] satisfies Kind[],
);

const before = cloudBefore();
const after = cloudAfter();
const rows: Row[] = [];
let world: World;
/** By the collection that has a bad day. */
const truths = new Map<CollectionName, Truth>();

Deno.test.beforeAll(async () => {
  world = await World.start();
  const both = {
    before: await world.truthOf(before, "before"),
    after: await world.truthOf(after, "after"),
    sources: new Sources([before, after]),
  };
  for (const collection of COLLECTIONS) {
    const mixed = composed(before, after, (of) => of === collection);
    truths.set(collection, { ...both, composed: await world.truthOf(mixed, "mixed") });
  }
});

Deno.test.afterAll(async () => {
  await world[Symbol.asyncDispose]();
  Deno.stdout.writeSync(new TextEncoder().encode(`${table(rows)}\n`));
});

for (const day of BAD_DAYS) {
  const name = `${day.collection}: ${day.name}`;
  Deno.test({ name, ...GRPC, ignore: !ONLY.test(name) }, async () => {
    const kinds = waysOf(day);
    const problems = (await Promise.all(kinds.map((kind) => play(day, kind)))).flat();
    await world.forget();
    assertEquals(problems.slice(0, SHOWN), [], `${problems.length} problems`);
  });
}

Deno.test("the matrix has at least 60 bad days, and every one looks at every key", () => {
  assert(BAD_DAYS.length >= 60, `${BAD_DAYS.length} days`);
  for (const { keys, day } of rows) assert(keys >= truthOf(day).before.size, `${keys} keys`);
});

function truthOf({ collection }: BadDay): Truth {
  return truths.get(collection)!;
}

/** What fails whole leaves all to the next run, and further fields of a record are like the first. */
function waysOf({ name, collection, onlyTogether, absent }: BadDay): readonly Kind[] {
  if (absent) return WAYS.slice(0, 1);
  if (FAILS_WHOLE.has(name)) return ["incremental"];
  if (!IN_EVERY_WAY.has(collection) || /\(\d\)$/.test(name)) return WAYS.slice(0, 2);
  return onlyTogether ? WAYS.slice(0, 3) : WAYS;
}

/** One bad day and one way to run; resolves to what went wrong. */
async function play(day: BadDay, kind: Kind): Promise<string[]> {
  const region = `${day.collection}-${BAD_DAYS.indexOf(day)}-${kind}`.replaceAll("/", "-");
  await using standIn = new StandIn(before);
  const good = { region, standIn };
  using product = world.product(good);
  const index = await syncWell(kind, product);
  assertEquals(await readHeld(world.etcd, region), truthOf(day).before);
  standIn.cloud = after;
  standIn.badDay = day.answer;
  const bad = { ...good, endless: day.endless, noKeystone: day.noKeystone };
  const fresh = kind === "full" || day.endless || day.noKeystone;
  using other = fresh ? world.product(bad) : null;
  const start = { world, product: other ?? product, index, before, after };
  const first = await run(kind, start);
  const problems = await report(day, kind, region, first);
  const went = first.index && first.result && !first.error;
  const next = FAILS_WHOLE.has(day.name) ? "full" : went ? "incremental" : null;
  let last = first;
  if (next !== null) {
    using restarted = next === "full" ? world.product(bad) : null;
    const again = { ...start, product: restarted ?? start.product, index: first.index };
    last = await run(next, again);
    problems.push(...await report(day, `${kind}, then ${next}`, region, last));
  }
  standIn.badDay = null;
  problems.push(...await recover(day, { kind, region, standIn, last }));
  await clearRegion(world.etcd, region);
  return problems;

  /** What a run leaves in etcd, as a row of the table and as problems. */
  async function report(of: BadDay, way: string, region: string, ended: Ended) {
    const held = await readHeld(world.etcd, region);
    const judged = judge(held, truthOf(of), of.absent);
    const missing = LOOKS_AT_ALL.has(way) ? goalMissed(of, way, { ended, held }) : [];
    rows.push({ day: of, way, outcome: word(ended, judged), ...judged, missing });
    const endlessly = ended.result ? [] : ["it has no end"];
    return [...endlessly, ...judged.harm, ...missing].map((text) => `${way}: ${text}`);
  }
}

/** The resyncs of good days, after which the index is as it is on any day. */
async function syncWell(
  kind: Kind,
  product: ReturnType<World["product"]>,
): Promise<CloudIndex | null> {
  const start = { world, product, index: null, before, after };
  const first = await run("full", start);
  if (first.error) throw first.error;
  if (kind !== "periodic") return first.index;
  // Only what was found right is not looked at again.
  const second = await run("periodic", { ...start, index: first.index });
  if (second.error) throw second.error;
  return second.index;
}

/** The day after: a full resync, which builds on the last run unless that failed or it is a new term. */
async function recover(
  day: BadDay,
  { kind, region, standIn, last }: {
    kind: Kind;
    region: string;
    standIn: StandIn;
    last: Ended;
  },
): Promise<string[]> {
  using product = world.product({ region, standIn });
  const again = last.index && !last.error && last.result && !day.absent ? "periodic" : "full";
  const start = { world, product, index: last.index, before, after };
  const { error, index } = await run(again, start);
  index?.close();
  const left = missed(await readHeld(world.etcd, region), truthOf(day), () => false);
  return [...error ? [String(error)] : [], ...left].map((text) =>
    `${kind}, the day after: ${text}`
  );
}

/** What the day's goal asks of a run and it has not done; a full one says what it did not do. */
function goalMissed(
  day: BadDay,
  way: string,
  { ended: { result, error }, held }: { ended: Ended; held: Held },
): string[] {
  if (day.goal === "safe" || !result) return [];
  if (error) return [`it fails: ${error}`];
  const { collection } = day;
  const excused: Record<typeof day.goal, (source: Source) => boolean> = {
    applied: () => false,
    left: (source) => VICTIMS[collection].some((id) => source === `${collection}:${id}`),
    held: (source) => source.startsWith(`${collection}:`),
  };
  const truth = truthOf(day);
  const said = { applied: true, left: result.leftOut.length > 0, held: result.guards.length > 0 };
  const silent = way !== "incremental" && way !== "round" && !said[day.goal] &&
    missed(held, truth, () => false).length > 0;
  return [
    ...silent ? [`it does not say what is ${day.goal}`] : [],
    ...missed(held, truth, excused[day.goal]),
  ];
}
