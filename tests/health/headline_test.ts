/** Every headline is one line that a page, a terminal and a service manager show whole, whatever it is about. */
import { calmText } from "../../lib/health/calm.ts";
import { type Finding, FINDING_KINDS, type FindingKind } from "../../lib/health/findings.ts";
import { MAX_HEADLINE_CHARS } from "../../lib/health/headline.ts";
import { stated } from "../../lib/health/text.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { facts, guard, left, NOW, resync, status } from "../diagnostics/fixtures.ts";

const LONG = "x".repeat(5000);
const WORDS = "etcd at https://etcd-1.example.org:2379 did not answer, and (so) nothing; works. "
  .repeat(60);
const LINES = "first\nsecond\u2028third ".repeat(400);
const TEXTS = ["", ".", "short", LONG, WORDS, LINES, "ü😀".repeat(400)];
/** Another day, so that the date is shown as well. */
const LONG_AGO = NOW - 400 * 86_400_000;
const HUGE = Number.MAX_SAFE_INTEGER;

const one = (finding: Finding): Finding => finding;
const level = "error" as const;

/** Findings of each kind with the longest and oddest that they can hold. */
const EXTREMES: Readonly<Record<FindingKind, (text: string) => Finding[]>> = {
  "roles-not-started": () => [{ kind: "roles-not-started", level }],
  "role": (text) =>
    ([
      { is: "not-started" },
      { is: "waits-for-restart", lastEnd: text },
      { is: "stopped", lastEnd: text },
      { is: "starts-slowly" },
      { is: "ends-again", lastEnd: text, runs: true },
      { is: "ends-again", lastEnd: text, runs: false },
      { is: "silent" },
      { is: "reported", problem: text },
    ] as const).map((problem) =>
      one({ kind: "role", level, role: "endpoint-status-watcher", problem })
    ),
  "election-unknown": () => [{ kind: "election-unknown", level }],
  "election-problem": (problem) => [{ kind: "election-problem", level, problem }],
  "mastership-over": () => [{ kind: "mastership-over", level }],
  "mastership-unpublished": () => [{ kind: "mastership-unpublished", level }],
  "election-starting": () => [{ kind: "election-starting", level }],
  "leader-unseen": (problem) =>
    [null, LONG_AGO].map((since) => ({
      kind: "leader-unseen",
      level,
      here: problem,
      since,
      problem,
      at: NOW,
    })),
  "no-leader": (text) =>
    [null, ...(["led", "seen", "lease", "history"] as const)].map((word) => ({
      kind: "no-leader",
      level,
      here: text,
      last: word && { node: `2${text}`, since: LONG_AGO, word, by: `3${text}`, reason: text },
      nodes: [text, text, text, text],
      at: NOW,
    })),
  "node-config-differs": (text) =>
    [1, 5].map((count) => {
      const differences = Array(count).fill({ what: text, here: text, there: text });
      const differing = Array(count).fill({ node: text, differences });
      return { kind: "node-config-differs", level, differing };
    }),
  "etcd-members": (text) => [{
    kind: "etcd-members",
    level,
    total: 7,
    silent: [1, 2].map(() => ({ url: `https://${text}`, silentSince: LONG_AGO, error: text })),
    at: NOW,
  }],
  "etcd-alarm": (text) =>
    [["NOSPACE"], [text], ["NOSPACE", text]].map((alarms) => ({
      kind: "etcd-alarm",
      level,
      url: text,
      alarms,
      size: text,
    })),
  "etcd-nearly-full": (text) => [{ kind: "etcd-nearly-full", level, url: text, size: text }],
  "first-resync-due": () => [{ kind: "first-resync-due", level }],
  "first-resync-running": () => [{ kind: "first-resync-running", level }],
  "resync-failed": (error) =>
    [null, { startedAt: LONG_AGO, attempt: 99_999, step: "reading Neutron" }].flatMap((retry) =>
      [null, LONG_AGO].map((askedAt) =>
        one({ kind: "resync-failed", level, resync: "id", error, askedAt, retry, at: NOW })
      )
    ),
  "resync-warned": (first) => [{ kind: "resync-warned", level, resync: "id", first, more: HUGE }],
  "held-back": (collection) =>
    (["empty", "many", "hidden", "unconfirmed"] as const).flatMap((why) =>
      [collection, "security-group-rules", "ports", "projects"].map((collection) => {
        const held = { ...guard({ why, collection, held: HUGE, lost: HUGE }), resync: "id" };
        return one({ kind: "held-back", level, guard: held });
      })
    ),
  "left-out": (text) =>
    (["not-understood", "too-large", "bad-key", "not-expressible"] as const).flatMap((why) =>
      [text, "security-group-rules", "ports"].map((collection) => {
        const found = left({ why, collection, total: HUGE, names: [text] });
        return one({ kind: "left-out", level, left: { ...found, resync: "id" } });
      })
    ),
  "notifications-unheard": (trouble) => [{ kind: "notifications-unheard", level, trouble }],
  "notifications-unsent": () => [{ kind: "notifications-unsent", level, changes: HUGE }],
  "agents-gone": (text) =>
    [1, HUGE].map((gone) => ({
      kind: "agents-gone",
      level,
      gone,
      total: HUGE,
      endpoints: HUGE,
      hosts: [text, text, text],
    })),
  "hosts-unserved": (text) =>
    [null, text].map((like) => ({
      kind: "hosts-unserved",
      level,
      unserved: HUGE,
      endpoints: HUGE,
      hosts: [1, 2, 3].map(() => ({ host: text, like })),
    })),
  "agents-overdue": (text) => [{
    kind: "agents-overdue",
    level,
    late: HUGE,
    total: HUGE,
    hosts: [text, text, text],
  }],
  "migrations-stranded": (text) => [{
    kind: "migrations-stranded",
    level,
    total: HUGE,
    oldest: { host: text, port: text, since: LONG_AGO },
    at: NOW,
  }],
  "bus-blocked": (text) => [{
    kind: "bus-blocked",
    level,
    reason: text,
    since: LONG_AGO,
    waits: { agents: true, ports: true },
    at: NOW,
  }],
  "agents-late": () => [{ kind: "agents-late", level, lagMs: HUGE }],
  "agents-stale": (text) => [{
    kind: "agents-stale",
    level,
    stale: HUGE,
    total: HUGE,
    hosts: [text, text, text],
  }],
  "ports-waiting": () =>
    [true, false].map((slow) => ({ kind: "ports-waiting", level, queued: HUGE, slow })),
  "ports-failing": () => [{ kind: "ports-failing", level, failing: HUGE }],
  "ports-overdue": () => [{
    kind: "ports-overdue",
    level,
    queued: HUGE,
    oldest: LONG_AGO,
    at: NOW,
  }],
  "ports-in-error": () => [{ kind: "ports-in-error", level, broken: HUGE }],
};

function assertLine(text: string): void {
  assert(text.length <= MAX_HEADLINE_CHARS, `${text.length} characters: ${text}`);
  assert(text.length > 10, text);
  assertMatch(text, /^\S.*[.?…]$/);
  // deno-lint-ignore no-control-regex
  assert(!/[\u0000-\u001f\u2028\u2029]/.test(text), JSON.stringify(text));
}

Deno.test("the headline of every kind is a line of at most 120 characters with a link", async (t) => {
  for (const kind of FINDING_KINDS) {
    await t.step(kind, () => {
      for (const finding of TEXTS.flatMap((text) => EXTREMES[kind](text))) {
        const { text, link, detail } = stated(finding);
        assertLine(text);
        assertMatch(link ?? "", /^\/[a-z/?=-]*/);
        assert(detail !== text && detail !== "", detail);
      }
    });
  }
});

Deno.test("the sentence of a node in order is no longer, whatever nodes are called", () => {
  for (const name of ["n", "node-1.example.org", "x".repeat(300), "ü😀".repeat(100)]) {
    const node = { ...facts().node, name };
    const since = LONG_AGO;
    const resyncs = [resync({ startedAt: LONG_AGO + 1 })];
    const watched = [resync({ reason: "watching", dryRun: true, differences: 1e9 })];
    const down = facts().roles.map((role, i) => i ? role : { ...role, silentMs: null });
    const busy = {
      ports: { ...facts().ports!, queued: 7 },
      notifications: { ...facts().notifications!, pending: 3 },
      agents: { ...facts().agents!, lagMs: 59_999_999 },
    };
    for (
      const changes of [
        { since, resyncs },
        { since, resyncs, ...busy },
        { since, resyncs, agents: null },
        { since, resyncs, roles: down },
        { since, watches: true, resyncs: watched },
        { since, watches: true, resyncs: [resync(), ...watched] },
        { isMaster: false, since: null, leader: `${name}:4242` },
        { isMaster: false, since: null, leader: null, roles: down },
      ]
    ) {
      const term = { ...facts().cluster!.terms[0]!, id: `${name}:4242`, start: LONG_AGO };
      const cluster = { ...facts().cluster!, terms: [term] };
      assertLine(calmText(facts({ node, cluster, ...changes })));
    }
  }
});

Deno.test("what is cut off stands in the whole sentence, and what fits is not cut", () => {
  const held = (changes: Parameters<typeof guard>[0]) =>
    stated({ kind: "held-back", level, guard: { ...guard(changes), resync: "id" } });
  const { text, detail } = held({});
  assertEquals(
    text,
    "Held back: Neutron shows 3 of 120 security groups, fewer than max_deletions allows, " +
      "so nothing of them is deleted…",
  );
  assertMatch(detail!, /^Held back: Neutron shows 3 of 120.*lets it through once\.$/);
  const short = stated({ kind: "ports-in-error", level: "warn", broken: 1 });
  assertEquals(short.text, "1 port is in error on its host; Neutron shows DOWN.");
  assertEquals("detail" in short, false);
  const role = stated({
    kind: "role",
    level,
    role: "manager",
    problem: { is: "reported", problem: `etcd does not answer ${LONG}` },
  });
  assertMatch(role.text, /^manager: etcd does not answer x+…$/);
});

Deno.test("no line or sentence holds what changes with every try of the same", () => {
  const said = (after: string) => {
    const why =
      `(4 DEADLINE_EXCEEDED: Deadline exceeded after ${after}s,remote_addr=127.0.0.1:2379)`;
    const problem = `etcd does not answer ${why}: check that it runs`;
    const long = `${"etcd is asked again and again ".repeat(9)}${why}`;
    const election = { ...facts().election!, state: "follower", leader: null, problem } as const;
    const failed = resync({ startedAt: NOW - 90_000, endedAt: NOW - 80_000, error: problem });
    const running = resync({ startedAt: NOW - 60_000, endedAt: null, attempt: 2 });
    return [
      status({ isMaster: false, since: null, mastership: null, leader: null, election }),
      status({ resyncs: [running, failed] }),
      status({ resyncs: [{ ...failed, error: long }] }),
    ].flatMap(({ findings }) => findings);
  };
  assertEquals(said("2.666"), said("3.001"));
  assertMatch(said("1")[0]!.text, /etcd does not answer: check that it runs\.$/);
});
