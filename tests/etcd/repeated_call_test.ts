/** Which members a call is made to, one after the other, by scripted members. */
import { Etcd3, GRPCUnavailableError } from "etcd3";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { Member } from "../../lib/etcd/member.ts";
import { Members } from "../../lib/etcd/members.ts";
import { poolOf } from "../../lib/etcd/pool.ts";
import { RepeatedCall } from "../../lib/etcd/repeated_call.ts";

/** Deadline that no test waits for, ms. */
const LONG_MS = 60_000;
/** A third of it is the patience with one member, ms. */
const SHORT_MS = 900;
/** Longer than all members may refuse, ms. */
const LATE_MS = 1100;

const dropped = () => new GRPCUnavailableError("Connection dropped");
const refused = () => new GRPCUnavailableError("No connection established");
const never = () => new Promise<never>(() => {});

/** Members that serve by what they say when they are probed; all are well at first. */
function membersNamed(...names: string[]): Members {
  return new Members(names.map((name) => {
    const etcd = new Etcd3({ hosts: ["http://127.0.0.1:1"] });
    Object.assign(poolOf(etcd), { withConnection: () => Promise.resolve({ header: {} }) });
    return new Member(name, etcd);
  }));
}

/** A call whose attempts, counted from 1, end as `answer` says. */
function call(
  members: Members,
  answer: (attempt: number) => Promise<string>,
  { once = false, deadlineMs = LONG_MS } = {},
) {
  const asked: string[] = [];
  const repeated = new RepeatedCall(
    members,
    (member) => {
      asked.push(member.url);
      return answer(asked.length);
    },
    Date.now() + deadlineMs,
    once,
  );
  return { asked, repeated };
}

Deno.test("a member that drops the call: one other is asked in its place, not all", async () => {
  const members = membersNamed("a", "b", "c");
  const second = Promise.withResolvers<string>();
  const { asked, repeated } = call(members, async (attempt) => {
    if (attempt > 1) return second.promise;
    // As when another call has failed there already: it is found sick before this one fails.
    await Promise.resolve();
    for (const member of members.all) if (member.url === asked[0]) member.sicken();
    throw dropped();
  });
  const answer = repeated.run();
  await new Promise((resolve) => setTimeout(resolve, 20));
  assertEquals(asked.length, 2);
  second.resolve("b");
  assertEquals(await answer, "b");
});

Deno.test("what no member ever answers is asked again, when all have been asked", async () => {
  const { asked, repeated } = call(membersNamed("a", "b"), (attempt) => {
    if (attempt === 1) return Promise.reject(dropped());
    return attempt === 2 ? never() : Promise.resolve("again");
  }, { deadlineMs: SHORT_MS });
  assertEquals(await repeated.run(), "again");
  assertEquals(asked[2], asked[0]);
  assertEquals(repeated.sent, 3);
});

Deno.test("a call that was dropped late is made again: somebody served a moment ago", async () => {
  const { asked, repeated } = call(membersNamed("a", "b"), async (attempt) => {
    if (attempt === 1) throw refused();
    if (attempt > 2) return "served";
    await new Promise((resolve) => setTimeout(resolve, LATE_MS));
    throw dropped();
  });
  assertEquals(await repeated.run(), "served");
  assertEquals(asked.length, 3);
});

Deno.test("one that hangs while the others refuse does not keep the call from them", async () => {
  const { repeated } = call(membersNamed("a", "b", "c"), (attempt) => {
    if (attempt === 1) return never();
    return attempt < 4 ? Promise.reject(refused()) : Promise.resolve("back");
  }, { deadlineMs: SHORT_MS });
  assertEquals(await repeated.run(), "back");
});

Deno.test("one member alone, and a call that is made once, are not asked again", async () => {
  const alone = call(membersNamed("a"), () => Promise.reject(dropped()));
  await assertRejects(() => alone.repeated.run(), GRPCUnavailableError);
  assertEquals(alone.asked.length, 1);
  const once = call(membersNamed("a", "b"), () => Promise.reject(dropped()), { once: true });
  await assertRejects(() => once.repeated.run(), GRPCUnavailableError);
  assertEquals(once.asked.length, 1);
  // But where it has surely not happened, it is.
  const unsent = call(
    membersNamed("a", "b"),
    (attempt) => attempt === 1 ? Promise.reject(refused()) : Promise.resolve("sent"),
    { once: true },
  );
  assertEquals(await unsent.repeated.run(), "sent");
  assert(unsent.asked[0] !== unsent.asked[1]);
});
