import { roundEnds, roundsBegin, roundsIn } from "../../bench/rounds.ts";
import { assert, assertEquals } from "../support/assert.ts";

Deno.test("rounds are found in an answer wherever they stand", () => {
  const rounds = { pace: "rounds", round: 3, endedAt: 17, everyMs: null };
  assertEquals(roundsIn({ resyncs: [{ endedAt: 5 }], sync: { rounds } }), {
    round: 3,
    endedAt: 17,
  });
  assertEquals(roundsIn({ round: 1, endedAt: null }), { round: 1, endedAt: null });
  for (
    const other of [null, "round", { round: "3", endedAt: 1 }, { round: 3 }, {
      ...rounds,
      pace: "gap",
    }, []]
  ) {
    assertEquals(roundsIn(other), null);
  }
});

Deno.test("a round has ended when one that began after the question has", async () => {
  const answers = [4, 4, 5, 5, 6, 7];
  let asked = 0;
  const status = () => Promise.resolve({ round: answers[asked++] ?? 8, endedAt: 1 });
  const took = await roundEnds(status, 60_000);
  assert(took !== null && took > 0);
  assertEquals(asked, 5);
});

Deno.test("where there are no rounds, or none has begun, nothing is waited for", async () => {
  assertEquals(await roundEnds(() => Promise.resolve({ ready: true }), 60_000), null);
  assertEquals(await roundEnds(() => Promise.resolve({ round: 0, endedAt: null }), 60_000), null);
});

Deno.test("rounds have begun once a gap before them is compared", async () => {
  const paces = ["first", "gap", "rounds", "rounds"];
  let asked = 0;
  const status = () =>
    Promise.resolve({ pace: paces[asked], round: asked++ < 3 ? 0 : 1, endedAt: null });
  assertEquals(await roundsBegin(status, 60_000), true);
  assertEquals(asked, 4);
  assertEquals(await roundsBegin(() => Promise.resolve({ ready: true }), 0), false);
});
