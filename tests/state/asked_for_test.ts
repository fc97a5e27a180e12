import { escapeControls } from "../../lib/base/escape_controls.ts";
import { systemClock } from "../../lib/base/clock.ts";
import { onCommandLine, safeBy, throughApi } from "../../lib/state/asked_by.ts";
import { noteRequest } from "../../lib/state/asked_for.ts";
import { requestRestart } from "../../lib/state/restart_request.ts";
import { describeResync, requestResync } from "../../lib/state/resync_request.ts";
import { requestStepDown } from "../../lib/state/step_down_request.ts";
import { StateStore } from "../../lib/state/store.ts";
import { assert, assertEquals, assertRejects, eventually } from "../support/assert.ts";
import { tempDir } from "../support/temp_dir.ts";

const NOTHING = {
  networks: [],
  subnets: [],
  ports: [],
  groups: [],
  includeGroups: false,
  dryRun: false,
  allowDeletions: false,
};

async function messages(store: StateStore): Promise<string[]> {
  return (await store.readEvents("requests")).map(({ message }) => message);
}

Deno.test("who asked: the system's user, and the API's address without the token", () => {
  const root = { uid: 0, name: "root" };
  assertEquals(onCommandLine({ ...root, login: null }), "root (uid 0) on the command line");
  assertEquals(
    onCommandLine({ ...root, login: { uid: 1000, name: "alice" } }),
    "root (uid 0), logged in as alice (uid 1000), on the command line",
  );
  assertEquals(onCommandLine({ uid: 7, name: null, login: null }), "uid 7 on the command line");
  assertEquals(
    onCommandLine({ uid: null, name: null, login: null }),
    "an unknown user on the command line",
  );
  assertEquals(throughApi("10.0.0.9", true), "the API from 10.0.0.9, with the token");
  assertEquals(throughApi(null, false), "the API from an unknown address, without a token");
});

Deno.test("what a terminal would act on is shown as text, and a long name is cut", () => {
  const name = "a\u001b[31m\u009b\r\n\u202e\u2028z";
  const shown = onCommandLine({ uid: 1, name, login: null });
  assertEquals(
    shown,
    "a\\u001b[31m\\u009b\\u000d\\u000a\\u202e\\u2028z (uid 1) on the command line",
  );
  assertEquals(escapeControls("é 😀 \ud83d"), "é 😀 \\ud83d");
  assert(onCommandLine({ uid: 1, name: "x".repeat(1e6), login: null }).length < 110);
  assert(throughApi("\u001b".repeat(1e6), false).length < 200);
  assert(safeBy("\u001b".repeat(1e6)).length <= 200);
});

Deno.test("what was asked for names the first objects, and says when it may delete", () => {
  assertEquals(describeResync({ ...NOTHING, by: "" }), "a resync of everything");
  assertEquals(
    describeResync({ ...NOTHING, by: "", ports: ["a", "b"], networks: ["n"], groups: ["g", "h"] }),
    "a resync of network n, port a, port b and 2 more",
  );
  assertEquals(
    describeResync({ ...NOTHING, by: "", dryRun: true, includeGroups: true, ports: ["p"] }),
    "a dry run of a resync of port p, with the ports' security groups",
  );
  assertEquals(
    describeResync({ ...NOTHING, by: "", allowDeletions: true }),
    "a resync of everything, which may delete what a guard would hold back,",
  );
});

Deno.test("what is asked for is an event: done, refused, and not answered", async () => {
  await using dir = await tempDir();
  using store = await StateStore.open(dir.path);
  await requestResync(store, systemClock, { ...NOTHING, by: "eve\u001b[2J", dryRun: true });
  await assertRejects(
    () => requestResync(store, systemClock, { ...NOTHING, by: "eve", allowDeletions: true }),
    Error,
  );
  await assertRejects(() => requestRestart(store, systemClock, "nobody", "eve"), Error);
  const asked = requestStepDown(store, systemClock, "eve", 3);
  const request = await eventually("the request", () => store.readStepDown());
  await store.writeStepDown({ ...request, outcome: "not leading", handledAt: 1 });
  await asked;
  assertEquals((await messages(store)).toReversed(), [
    "a dry run of a resync of everything was asked for by eve\\u001b[2J",
    "a resync of everything, which may delete what a guard would hold back, was asked for by eve: " +
    "it was not done: this node does not lead, and only the master writes: ask the node that leads",
    'a restart of nobody was asked for by eve: this node has no role "nobody"',
    "a step-down of this node, with a pause of 3 s, was asked for by eve: not leading",
  ]);
  const { by } = (await store.readResyncRequest())!;
  assertEquals(by, "eve\\u001b[2J", "the record's reader shows it in its log");
});

Deno.test("several processes note what was asked for at once, and nothing is lost", async () => {
  await using dir = await tempDir();
  const stores = await Promise.all([1, 2, 3].map(() => StateStore.open(dir.path)));
  const expected = stores.flatMap((_, s) => [...Array(8).keys()].map((i) => `${s}-${i}`));
  await Promise.all(
    expected.map((what) =>
      noteRequest(stores[Number(what[0])]!, systemClock, { by: "a test", what })
    ),
  );
  const found = (await messages(stores[0]!)).map((message) => message.split(" ")[0]!);
  assertEquals(found.toSorted(), expected.toSorted());
  for (const store of stores) store[Symbol.dispose]();
});
