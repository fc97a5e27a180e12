/**
 * For any two states of a cloud, and any records of the second one damaged, etcd ends as the second for
 * what is undamaged and as the first for what is damaged. `HARM_SEED` repeats a run, `HARM_RUNS` says
 * how many clouds are drawn.
 *
 * @module
 */
import fc from "fast-check";
import type { Cloud } from "../../lab/model.ts";
import { assertEquals } from "../support/assert.ts";
import { composed } from "./cloud.ts";
import {
  answerDamaged,
  damageArb,
  type Damaged,
  drawnCloud,
  stateArb,
  stateWith,
} from "./drawn_cloud.ts";
import { clearRegion, type Held, readHeld, type Source, Sources, subjectOf } from "./facets.ts";
import { judge, missed } from "./judge.ts";
import { idOf } from "./records.ts";
import { type Kind, run } from "./runs.ts";
import { inCloud, StandIn } from "./stand_in.ts";
import { World } from "./world.ts";

/** grpc-js keeps timers of its own. */
const GRPC = { sanitizeOps: false, sanitizeResources: false };
const SEED = Number(Deno.env.get("HARM_SEED") ?? crypto.getRandomValues(new Uint16Array(1))[0]);
const RUNS = Number(Deno.env.get("HARM_RUNS") ?? "100");
/** Small clouds are to be looked at whole: a record without an id stands between others. */
const PAGE_SIZE = 50;

const kindArb = fc.constantFrom<Kind>(
  "full",
  "periodic",
  "incremental",
  "round",
  "whole round",
);

/** A new port whose network is damaged, and had a QoS policy that is gone: it does not show that one. */
const POLICY_OF_BEFORE = [
  stateWith({ networks: { 2: { there: true, b: 1 } }, "qos/policies": { 1: { there: true } } }),
  stateWith({
    networks: { 2: { there: true } },
    "qos/policies": { 0: { a: 1 } },
    ports: { 5: { there: true, b: 1 } },
    projects: { 2: { a: 1 } }, // all of its ports are looked at
  }),
  [{ collection: "networks", number: 2, how: "null record" }] as Damaged[],
] as const;

/** A network has got a new QoS policy, which is damaged, and the one of before says something else: no port shows that. */
const POLICY_TO_COME = [
  stateWith({ networks: { 1: { there: true } } }),
  stateWith({
    networks: { 1: { there: true, b: 1 } },
    "qos/policies": { 0: { a: 1 }, 1: { there: true } },
    ports: { 4: { there: true, b: 3 } },
  }),
  [{ collection: "qos/policies", number: 1, how: "null record" }] as Damaged[],
] as const;

Deno.test(
  `any cloud, any damage: only the damaged stays as it was (HARM_SEED=${SEED})`,
  GRPC,
  async () => {
    await using world = await World.start();
    let number = 0;
    const property = fc.asyncProperty(
      stateArb,
      stateArb,
      damageArb,
      kindArb,
      async (first, second, damage, kind) => {
        const region = `drawn-${number++}`;
        const before = drawnCloud(first, null);
        const after = drawnCloud(second, before);
        await using standIn = new StandIn(before);
        using product = world.product({ region, standIn, pageSize: PAGE_SIZE });
        const start = { world, product, before, after };
        let { index, error } = await run("full", { ...start, index: null });
        if (kind === "periodic") {
          ({ index, error } = await run("periodic", { ...start, index }));
        }
        if (error) throw error;
        const was = await readHeld(world.etcd, region);
        standIn.cloud = after;
        standIn.badDay = answerDamaged(damage);
        const ended = await run(kind, { ...start, index });
        const { guards = [], leftOut = [] } = ended.result ?? {};
        const drawn = JSON.stringify({ kind, damage, guards, leftOut });
        if (ended.error) throw new Error(drawn, { cause: ended.error });
        const is = await readHeld(world.etcd, region);
        standIn.badDay = null;
        const next = await run("periodic", { ...start, index: ended.index });
        if (next.error) throw new Error(drawn, { cause: next.error });
        const dayAfter = await readHeld(world.etcd, region);
        await clearRegion(world.etcd, region);
        const isDamaged = damagedIn(damage, after);
        const mixed = composed(before, after, (of, id) => isDamaged(`${of}:${id}`));
        const truth = {
          before: was,
          after: await world.truthOf(after, `${region}-truth`),
          composed: await world.truthOf(mixed, `${region}-mixed`),
          sources: new Sources([before, after]),
        };
        const problems = [
          ...judge(is, truth).harm,
          ...missed(is, truth, isDamaged),
          ...changedThough(isDamaged, was, is),
          ...missed(dayAfter, truth, () => false).map((text) => `the day after: ${text}`),
        ];
        assertEquals(problems, [], `${drawn}\n${problems.join("\n")}`);
      },
    );
    const examples = (["round", "whole round"] as const).flatMap((kind) =>
      [POLICY_OF_BEFORE, POLICY_TO_COME].map((state): [...typeof state, Kind] => [...state, kind])
    );
    await fc.assert(property, { seed: SEED, numRuns: RUNS, examples });
  },
);

/** Objects of the cloud whose records are damaged. */
function damagedIn(damage: readonly Damaged[], cloud: Cloud): (source: Source) => boolean {
  const there = damage.filter(({ collection, number }) =>
    collection === "projects" || cloud.get(inCloud(collection), idOf(collection, number))
  );
  const all = new Set<string>(
    there.map(({ collection, number }) => `${collection}:${idOf(collection, number)}`),
  );
  return (source) => all.has(source);
}

/** Keys of damaged objects that are not as they were. */
function changedThough(isDamaged: (source: Source) => boolean, was: Held, is: Held): string[] {
  const plain = (held: Held, key: string) => JSON.stringify([...held.get(key) ?? []]);
  return [...new Set([...was.keys(), ...is.keys()])].filter((key) =>
    isDamaged(subjectOf(key)) && plain(was, key) !== plain(is, key)
  ).map((key) => `${key} has changed, and its object is damaged`);
}
