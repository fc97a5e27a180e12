import { SupersededError } from "../../lib/state/mastership_claim.ts";
import { StateStore } from "../../lib/state/store.ts";
import { assert, assertEquals, assertRejects, eventually } from "../support/assert.ts";
import { mastershipNow } from "../support/mastership.ts";
import { tempDir } from "../support/temp_dir.ts";

async function withStores(
  play: (
    stores: { supervisor: StateStore; first: StateStore; second: StateStore },
  ) => Promise<void>,
): Promise<void> {
  await using dir = await tempDir();
  using supervisor = await StateStore.open(dir.path);
  using first = await StateStore.open(dir.path);
  using second = await StateStore.open(dir.path);
  await play({ supervisor, first, second });
}

const OWN = { term: "5", value: "n:1", bootId: "b", pidNamespace: "p" };

Deno.test("of two managers on one state directory, only the later one publishes", () =>
  withStores(async ({ first, second }) => {
    await first.claim.make({ pid: 1, at: 1 });
    await first.writeMastership(mastershipNow("5"));
    await second.claim.make({ pid: 2, at: 2 });
    await first.claim.make({ pid: 1, at: 3 }); // a claim is made once
    for (const record of [mastershipNow("5"), null]) {
      await assertRejects(() => first.writeMastership(record), SupersededError);
    }
    await assertRejects(() => first.writeOwnTerm(OWN), SupersededError);
    await assertRejects(() => first.claim.confirm(), SupersededError);
    assertEquals((await second.readMastership())?.term, "5", "neither written nor cleared");
    assertEquals(await second.readOwnTerm(), null);
    await second.writeMastership(mastershipNow("6"));
    await second.writeOwnTerm(OWN);
    assertEquals((await first.readMastership())?.term, "6");
    assertEquals(await first.readOwnTerm(), OWN);
  }));

Deno.test("the supervisor, which makes no claim, clears always", () =>
  withStores(async ({ supervisor, first }) => {
    await first.claim.make({ pid: 1, at: 1 });
    assert(await first.claim.confirm() && !await supervisor.claim.confirm());
    await first.writeMastership(mastershipNow("5"));
    await supervisor.writeMastership(null);
    assertEquals(await first.readMastership(), null);
    await first.writeMastership(mastershipNow("5"));
    assertEquals((await supervisor.readMastership())?.term, "5", "and ends no claim by it");
  }));

Deno.test("what other processes write at the same time does not stop it", async () => {
  const dir = await Deno.makeTempDir();
  const code = `
    const kv = await Deno.openKv(${JSON.stringify(`${dir}/state.kv`)});
    for (let i = 0; ; i++) await kv.set(["noise"], i);
  `;
  const noise = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--unstable-kv", code],
    stdout: "null",
    stderr: "null",
  }).spawn();
  try {
    using store = await StateStore.open(dir);
    using kv = await Deno.openKv(`${dir}/state.kv`);
    await eventually("noise", async () => (await kv.get(["noise"])).value);
    await store.claim.make({ pid: 1, at: 1 });
    for (let term = 1; term <= 50; term++) await store.writeMastership(mastershipNow(`${term}`));
    assertEquals((await store.readMastership())?.term, "50");
  } finally {
    noise.kill("SIGKILL");
    await noise.status;
    await Deno.remove(dir, { recursive: true });
  }
});
