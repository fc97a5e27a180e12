import { assertEquals } from "../support/assert.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { tempDir } from "../support/temp_dir.ts";
import type { Election } from "../../lib/state/records.ts";
import { StateStore } from "../../lib/state/store.ts";
import { readNode } from "../../lib/trace/node_account.ts";
import { leaderSentence } from "../../lib/trace/sentences.ts";
import { cloudAccount } from "./trace_fixture.ts";

Deno.test("that no node leads is said only where the election is seen", async () => {
  await using dir = await tempDir();
  using store = await StateStore.open(dir.path);
  const clock = new FakeClock();
  const config = { stateDir: dir.path, sync: { startupResync: "always" } } as const;
  const said = async (election: Partial<Election>) => {
    await store.writeElection({
      state: "follower",
      leader: null,
      term: null,
      problem: null,
      at: clock.now(),
      ...election,
    });
    return leaderSentence(await readNode(cloudAccount(), { store, clock, config }));
  };
  assertEquals(await said({}), "No node leads.");
  assertEquals(await said({ problem: "etcd does not answer" }), "Who leads is not known here.");
  assertEquals(await said({ state: "starting" }), "Who leads is not known here.");
  assertEquals(
    await said({ leader: "a:1", term: "7", problem: "a change of leader is noticed late" }),
    "a:1 leads; what it told Neutron, and what it changed, is known there.",
  );
});
