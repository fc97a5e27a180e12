/** The verdict on the page: one line with a link, the whole sentence below it, and no tick beside what is red. */
import { formatStatus } from "../../lib/health/status_text.ts";
import type { Facts } from "../../lib/health/facts.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { facts, guard, NOW, resync, role, status } from "./fixtures.ts";
import { testApp, withoutIsolation } from "./test_app.ts";

async function overview(changes: Partial<Facts>): Promise<string> {
  const app = testApp({ readStatus: () => Promise.resolve(status(changes)) });
  return withoutIsolation(await (await app.request("/")).text());
}

const verdictOf = (html: string) => /<section id="verdict".*?<\/section>/s.exec(html)![0];

Deno.test("the line is announced, with its link; the whole sentence and progress are not", async () => {
  const evil = "<b>503</b> ".repeat(40);
  const failed = resync({ startedAt: NOW - 60_000, error: evil });
  const retry = resync({
    startedAt: NOW - 20_000,
    endedAt: null,
    reason: "retry",
    attempt: 2,
    step: "writing",
  });
  const html = verdictOf(await overview({ resyncs: [retry, failed] }));
  const line = /<p id="sentence" aria-live="polite">(.*?)<\/p>/s.exec(html)![1]!;
  const shown = line.replace(/<[^>]*>/g, "").replaceAll("&lt;", "<").replaceAll("&gt;", ">");
  assertMatch(
    shown,
    /^The last resync failed; try 2 runs since 14:01 UTC: <b>503<\/b>.*… Details$/,
  );
  assert(shown.length <= 120 + " Details".length, shown);
  assert(line.includes(`href="/resyncs/${failed.id}"`) && !html.includes("<b>503"));
  assertMatch(
    html,
    /<p class="detail quiet">The last resync failed: .*: writing, step 6 of 8\.<\/p>/,
  );
  assertMatch(html, /Resync now <b>writing, step 6 of 8<\/b>/);
});

Deno.test("a finding below the verdict shows its whole sentence as well", async () => {
  const html = await overview({
    resyncs: [resync({ guards: [guard(), guard({ collection: "ports", why: "empty" })] })],
  });
  const also = /<section id="findings".*?<\/section>/s.exec(html)![0];
  assertMatch(
    also,
    /Held back: Neutron shows 3 of 120.*<small class="quiet"> Held back:.*117 would be/,
  );
});

Deno.test("a role that runs and is red is in trouble, and nothing beside it has a tick", async () => {
  const problem = "etcd does not answer";
  const [, ...rest] = facts().roles;
  const changes = { roles: [role("manager", {}, { problem }), ...rest] };
  const html = await overview(changes);
  const card = /<li class="card error" id="role-manager">.*?<\/li>/s.exec(html)![0];
  assert(/<\/span>in trouble<\/span>/.test(card) && !/<\/span>running/.test(card), card);
  assertMatch(verdictOf(html), /Ready, with the problem above/);
  assert(!verdictOf(html).includes("✓"), verdictOf(html));
  const app = testApp({ readStatus: () => Promise.resolve(status(changes)) });
  const page = withoutIsolation(await (await app.request("/roles/manager")).text());
  assertMatch(page, /class="badge error">.{0,60}<\/span>in trouble<\/span>/);
  assertMatch(formatStatus(status(changes)), /^manager +in trouble +4242/m);
  assertMatch(verdictOf(await overview({})), /✓ Ready/);
});

Deno.test("the status in a terminal has the line and, where it does not hold all, the sentence", () => {
  const held = status({ resyncs: [resync({ guards: [guard()] })] });
  const lines = formatStatus(held).split("\n");
  assertEquals(lines[0], `ERROR: ${held.verdict.text}`);
  assertEquals(lines[1], held.verdict.detail);
  assertEquals(formatStatus(status()).split("\n")[1], "");
});

Deno.test("what the line has said is not said again below it", async () => {
  const problem = "etcd does not answer";
  const election = {
    state: "follower",
    leader: null,
    term: null,
    problem,
    at: facts().at,
  } as const;
  const changes = { election, leader: null, isMaster: false, mastership: null, since: null };
  const { text, detail } = status(changes).verdict;
  assert(detail?.startsWith(`${text} `), `${text} | ${detail}`);
  const html = verdictOf(await overview(changes));
  assertEquals(html.split(text).length, 2, html);
  assert(html.includes(`<p class="detail quiet">${detail!.slice(text.length + 1)}</p>`), html);
});
