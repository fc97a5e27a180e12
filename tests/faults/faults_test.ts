/**
 * Three nodes on a three-member etcd under faults drawn from a seed, and the proof that the election
 * did not split. `FAULTS_MINUTES` (default 4) says how long, half of it with TLS and users; `FAULTS_SEED` repeats a
 * schedule.
 *
 * @module
 */
import { Random } from "../../lab/random.ts";
import { assert, assertEquals, assertMatch, TIME_FACTOR } from "../support/assert.ts";
import { checkHistory } from "./history.ts";
import { FaultRun, pause, RECOVERY_MS } from "./run.ts";
import { drawRound } from "./schedule.ts";
import { TTL_SECONDS } from "./setup.ts";

/** grpc-js keeps timers of calls that were cut off. */
const GRPC = { sanitizeOps: false, sanitizeResources: false };
const MINUTES = Number(Deno.env.get("FAULTS_MINUTES") ?? "4");
const SEED = Number(Deno.env.get("FAULTS_SEED") ?? crypto.getRandomValues(new Uint16Array(1))[0]);

function say(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(text + "\n"));
}

for (const secured of [false, true]) {
  const what = `${secured ? "with TLS and users, " : ""}${MINUTES / 2} min, seed ${SEED}`;
  Deno.test(`no fault splits the election (${what})`, GRPC, () => underFaults(secured));
}

async function underFaults(secured: boolean): Promise<void> {
  say(`FAULTS_SEED=${SEED}`);
  const random = new Random(SEED);
  await using run = await FaultRun.start(undefined, { secured });
  const endsAt = Date.now() + MINUTES / 2 * 60_000;
  let rounds = 0;
  while (Date.now() < endsAt) {
    const faults = drawRound(random);
    await run.round(faults);
    rounds++;
    const history = await run.history();
    const violations = checkHistory(history, RECOVERY_MS * TIME_FACTOR);
    if (violations.length > 0) say(`round ${rounds}: ${JSON.stringify(faults)}`);
    assertEquals(violations, []);
    assertEquals(run.crashes, [], JSON.stringify(faults));
  }
  const { claims, writes } = await run.history();
  const terms = new Set(claims.map(({ term }) => term)).size;
  say(`${rounds} rounds, ${terms} terms, ${claims.length} claims, ${writes.length} writes`);
  assert(rounds >= 1 && terms > 1 && writes.length > 50, "too little happened to prove anything");
}

Deno.test("without the margin, the checker sees two masters", GRPC, async () => {
  await using run = await FaultRun.start({ marginSeconds: -30, fenced: true });
  const leader = (await run.leader())!;
  leader.signal("manager", "SIGSTOP");
  await pause((TTL_SECONDS + 4) * 1000);
  const violations = checkHistory(await run.history(), RECOVERY_MS);
  assertMatch(violations.join("; "), /before the end of term/);
});

Deno.test("without the fence, the checker sees a write of an older term", GRPC, async () => {
  await using run = await FaultRun.start({ marginSeconds: 1, fenced: false });
  const leader = (await run.leader())!;
  leader.signal("manager", "SIGSTOP");
  await pause((TTL_SECONDS + 5) * 1000);
  const violations = checkHistory(await run.history(), RECOVERY_MS);
  assertMatch(violations.join("; "), /wrote in term \d+ at revision \d+, after term/);
});
