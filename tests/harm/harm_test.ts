/**
 * Bad days of Neutron and Keystone against a real etcd: whatever they answer, no key of etcd becomes
 * anything but what it was or what Neutron truly says, and the day after all is as it should be.
 * `HARM_ONLY` plays those whose name matches alone.
 *
 * @module
 */
import type { Memory } from "../../lib/sync/memory.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { BAD_DAYS, type BadDay } from "./bad_days.ts";
import { cloudAfter, cloudBefore, VICTIMS } from "./cloud.ts";
import { clearRegion, type Held, readHeld, shownOf, type Source, Sources } from "./facets.ts";
import { judge, missed, type Truth } from "./judge.ts";
import { type Ended, type Kind, run } from "./runs.ts";
import { StandIn } from "./stand_in.ts";
import { type Row, table, word } from "./table.ts";
import { World } from "./world.ts";

/** grpc-js keeps timers of its own, and all days share one etcd. */
const GRPC = { sanitizeOps: false, sanitizeResources: false };
const ONLY = new RegExp(Deno.env.get("HARM_ONLY") ?? "");
/** Problems of one day that are printed. */
const SHOWN = 12;
const WAYS: readonly Kind[] = ["full", "incremental", "periodic", "narrow", "events"];
/** Days of these collections are played in every way, those of the others in two. */
const IN_EVERY_WAY = new Set(["ports", "security-groups"]);

const before = cloudBefore();
const after = cloudAfter();
const rows: Row[] = [];
let world: World;
let truth: Truth;

Deno.test.beforeAll(async () => {
  world = await World.start();
  truth = {
    before: await world.truthOf(before, "before"),
    after: await world.truthOf(after, "after"),
    sources: new Sources([before, after]),
    known: shownOf(before),
  };
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
  for (const { keys } of rows) assert(keys >= truth.before.size, `${keys} keys`);
});

/** Further fields of a record are damaged in two ways only: they are like the first. */
function waysOf({ name, collection, onlyTogether, absent }: BadDay): readonly Kind[] {
  if (absent) return WAYS.slice(0, 1);
  if (!IN_EVERY_WAY.has(collection) || /\(\d\)$/.test(name)) return WAYS.slice(0, 2);
  return onlyTogether ? WAYS.slice(0, 3) : WAYS;
}

/** One bad day and one way to run; resolves to what went wrong. */
async function play(day: BadDay, kind: Kind): Promise<string[]> {
  const region = `${day.collection}-${BAD_DAYS.indexOf(day)}-${kind}`.replaceAll("/", "-");
  await using standIn = new StandIn(before);
  const good = { region, standIn };
  using product = world.product(good);
  const memory = await syncWell(kind, product);
  assertEquals(await readHeld(world.etcd, region), truth.before);
  standIn.cloud = after;
  standIn.badDay = day.answer;
  const bad = { ...good, endless: day.endless, noKeystone: day.noKeystone };
  const fresh = kind === "full" || day.endless || day.noKeystone;
  using other = fresh ? world.product(bad) : null;
  const start = { world, product: other ?? product, memory, before, after };
  const first = await run(kind, start);
  const problems = await report(day, kind, region, first);
  let last = first;
  if (first.memory && first.result && !first.error) {
    last = await run("incremental", { ...start, memory: first.memory });
    problems.push(...await report(day, `${kind}, then incremental`, region, last));
  }
  standIn.badDay = null;
  problems.push(...await recover(kind, region, standIn, day.absent ? null : last));
  await clearRegion(world.etcd, region);
  return problems;

  /** What a run leaves in etcd, as a row of the table and as problems. */
  async function report(of: BadDay, way: string, region: string, ended: Ended) {
    const held = await readHeld(world.etcd, region);
    const judged = judge(held, truth, of.absent);
    const missing = way === "full" ? goalMissed(of, ended, held) : [];
    rows.push({ day: of, way, outcome: word(ended, judged), ...judged, missing });
    const endlessly = ended.result ? [] : ["it has no end"];
    return [...endlessly, ...judged.harm, ...missing].map((text) => `${way}: ${text}`);
  }
}

/** The resyncs of good days, after which the memory is as it is on any day. */
async function syncWell(
  kind: Kind,
  product: ReturnType<World["product"]>,
): Promise<Memory | null> {
  const start = { world, product, memory: null, before, after };
  const first = await run("full", start);
  if (first.error) throw first.error;
  if (kind !== "periodic") return first.memory;
  // Only what was found right is not looked at again.
  const second = await run("periodic", { ...start, memory: first.memory });
  if (second.error) throw second.error;
  return second.memory;
}

/** The day after: a full resync, which builds on the last run unless that failed or it is a new term. */
async function recover(
  kind: Kind,
  region: string,
  standIn: StandIn,
  last: Ended | null,
): Promise<string[]> {
  using product = world.product({ region, standIn });
  const again = last?.memory && !last.error && last.result ? "periodic" : "full";
  const start = { world, product, memory: last?.memory ?? null, before, after };
  const { error, memory } = await run(again, start);
  memory?.close();
  const left = missed(await readHeld(world.etcd, region), truth, () => false);
  return [...error ? [String(error)] : [], ...left].map((text) =>
    `${kind}, the day after: ${text}`
  );
}

/** What the day's goal asks of a full resync and it has not done. */
function goalMissed(day: BadDay, { result, error }: Ended, held: Held): string[] {
  if (day.goal === "safe" || !result) return [];
  if (error) return [`it fails: ${error}`];
  const { collection } = day;
  const excused: Record<typeof day.goal, (source: Source) => boolean> = {
    applied: () => false,
    left: (source) => VICTIMS[collection].some((id) => source === `${collection}:${id}`),
    held: (source) => source.startsWith(`${collection}:`),
  };
  const all = missed(held, truth, () => false);
  const said = { applied: true, left: result.leftOut.length > 0, held: result.guards.length > 0 };
  return [
    ...said[day.goal] || all.length === 0 ? [] : [`it says of nothing that it is ${day.goal}`],
    ...missed(held, truth, excused[day.goal]),
  ];
}
