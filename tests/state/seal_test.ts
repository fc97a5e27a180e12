import { Publisher } from "../../lib/election/publisher.ts";
import type { Mastership } from "../../lib/state/records.ts";
import { type SealKeys, Seals } from "../../lib/state/seal.ts";
import { beginSeals, type NodeSeals, readSealKeys } from "../../lib/state/seal_file.ts";
import { SealedRecord } from "../../lib/state/sealed_record.ts";
import { mastershipSchema } from "../../lib/state/records.ts";
import { StateStore } from "../../lib/state/store.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { mastershipNow } from "../support/mastership.ts";
import { ScriptedKv, ScriptedKvFile } from "../support/scripted_kv.ts";
import { tempDir } from "../support/temp_dir.ts";

const KEY = ["mastership"];
const OWN = { term: "5", value: "n:1", bootId: "b", pidNamespace: "p" };

interface Scene {
  readonly dir: string;
  readonly seals: NodeSeals;
  readonly manager: StateStore;
  /** A role that acts as master when it is told so. */
  readonly role: StateStore;
  /** What any process can do to the file. */
  readonly anybody: Deno.Kv;
  open(keys: SealKeys): Promise<StateStore>;
}

async function withScene(play: (scene: Scene) => Promise<void>): Promise<void> {
  await using dir = await tempDir();
  using stack = new DisposableStack();
  const open = async (keys: SealKeys) => stack.use(await StateStore.open(dir.path, keys));
  const seals = await beginSeals(dir.path);
  const [manager, role] = [await open(seals.manager), await open(seals.others)];
  const anybody = stack.use(await Deno.openKv(`${dir.path}/state.kv`));
  await manager.claim.make({ pid: 1, at: 1 });
  await play({ dir: dir.path, seals, manager, role, anybody, open });
}

const termOf = async (store: StateStore) => (await store.readMastership())?.term;

interface Sealed {
  readonly text: string;
  readonly signature: Uint8Array;
}

/** What another process may put in the place of the manager's record. */
const FORGERIES: Record<string, (real: Sealed, scene: Scene) => unknown> = {
  "a record without a seal": () => mastershipNow("7"),
  "one that another has sealed": async (_real, { dir }) => {
    const { manager } = await beginSeals(`${dir}/elsewhere`);
    return (await Seals.of(manager)).seal("mastership", { order: "z", record: mastershipNow("7") });
  },
  "a seal on other words": ({ text, signature }) => ({
    text: text.replace(/"validUntil":\d/, '"validUntil":9'),
    signature,
  }),
  "words that are cut": ({ text, signature }) => ({ text: text.slice(0, -9), signature }),
  "a seal that is cut": ({ text, signature }) => ({ text, signature: signature.slice(0, 63) }),
  "no seal": ({ text }) => ({ text, signature: new Uint8Array() }),
  "a seal of another record": async (_real, { manager, anybody }) => {
    await manager.writeOwnTerm(OWN);
    return (await anybody.get(["own-term"])).value;
  },
  "another shape": () => [1, 2, 3],
  "very much": ({ signature }) => ({ text: "x".repeat(20_000), signature }),
};

Deno.test("what the manager has not sealed makes nobody master", async (t) => {
  await withScene(async (scene) => {
    const { manager, role, anybody } = scene;
    for (const [what, forge] of Object.entries(FORGERIES)) {
      await t.step(what, async () => {
        await manager.writeMastership(mastershipNow("5"));
        assertEquals(await termOf(role), "5");
        const real = (await anybody.get(KEY)).value as Sealed;
        await anybody.set(KEY, await forge(real, scene));
        assertEquals(await role.readMastership(), null);
        assert(await role.mastershipStands());
      });
    }
    await manager.writeMastership(mastershipNow("6"));
    assertEquals(await termOf(role), "6", "the manager's next word counts again");
  });
});

Deno.test("an earlier record that is put back makes nobody master", async () => {
  await withScene(async ({ manager, role, anybody, seals, open }) => {
    const take = async () => (await anybody.get(KEY)).value;
    await manager.writeMastership(mastershipNow("5"));
    assertEquals(await termOf(role), "5");
    const fifth = await take();
    await manager.writeMastership(mastershipNow("6"));
    assertEquals(await termOf(role), "6");
    const sixth = await take();
    await anybody.set(KEY, fifth);
    assertEquals(await role.readMastership(), null, "of an earlier term");
    await manager.writeMastership(null);
    assertEquals(await role.readMastership(), null);
    await anybody.set(KEY, sixth);
    assertEquals(await role.readMastership(), null, "of the term that has ended");

    const heir = await open(seals.manager);
    await heir.claim.make({ pid: 2, at: 2 });
    await heir.writeMastership(mastershipNow("7"));
    assertEquals(
      await termOf(role),
      "7",
      "a manager that is new counts its records from one again",
    );
    await anybody.set(KEY, sixth);
    assertEquals(await role.readMastership(), null, "of an earlier manager");
  });
});

Deno.test("another run of the supervisor: its mastership is over, its last term is known", async () => {
  await withScene(async ({ dir, manager, role, anybody, open }) => {
    await manager.writeMastership(mastershipNow("5"));
    await manager.writeOwnTerm(OWN);
    const next = await beginSeals(dir);
    const [heir, after] = [await open(next.manager), await open(next.others)];
    assertEquals(await after.readMastership(), null);
    assertEquals(await heir.readOwnTerm(), OWN);
    assertEquals(await termOf(role), "5", "its orphans believe it until it runs out");
    await anybody.set(["own-term"], { ...OWN, value: "node-2:7" });
    assertEquals(await heir.readOwnTerm(), null, "nobody else says what this node has won");
    for (let run = 0; run < 20; run++) await beginSeals(dir);
    assert((await readSealKeys(dir))!.trusted.length < 10, "bounded");
  });
});

Deno.test("who has no key to seal with publishes nothing; a command reads what was published", async () => {
  await withScene(async ({ dir, manager, role, open }) => {
    await assertRejects(() => role.writeMastership(mastershipNow("5")), Error);
    await assertRejects(() => role.writeOwnTerm(OWN), Error);
    assert(!await role.mastershipStands());
    await manager.writeMastership(mastershipNow("5"));
    const command = await open((await readSealKeys(dir))!);
    assertEquals(await termOf(command), "5");
    assertEquals((await Deno.stat(`${dir}/seals.json`)).mode! & 0o777, 0o600);
    assert(!JSON.stringify(await readSealKeys(dir)).includes("secret"));
  });
});

Deno.test("a record is looked at once, and not again before it changes", async () => {
  const { verify } = crypto.subtle;
  let looks = 0;
  crypto.subtle.verify = (...args: unknown[]) => {
    looks++;
    return Reflect.apply(verify, crypto.subtle, args);
  };
  try {
    await withScene(async ({ manager, role }) => {
      await manager.writeMastership(mastershipNow("5"));
      for (let i = 0; i < 50; i++) await role.readMastership();
      assertEquals(looks, 1);
      await manager.writeMastership(mastershipNow("5"));
      await Promise.all(Array.from({ length: 50 }, () => role.readMastership()));
      assertEquals(looks, 2);
    });
  } finally {
    crypto.subtle.verify = verify;
  }
});

Deno.test("a read that ends late does not undo what a later one has found", async () => {
  const { manager, others } = await beginSealsInMemory();
  const [writer, seals] = [await Seals.of(manager), await Seals.of(others)];
  const entry = async (order: string, term: string) => ({
    value: await writer.seal("mastership", { order, record: mastershipNow(term) }),
    versionstamp: order,
  });
  const answers: PromiseWithResolvers<unknown>[] = [];
  const get = () => {
    answers.push(Promise.withResolvers());
    return answers.at(-1)!.promise as Promise<never>;
  };
  const options = { name: "mastership", schema: mastershipSchema };
  const record = new SealedRecord<Mastership>({ get }, seals, options);
  const [early, late] = [record.read(), record.read()];
  answers[1]!.resolve(await entry("2", "6"));
  assertEquals((await late)?.term, "6");
  answers[0]!.resolve(await entry("1", "5"));
  assertEquals((await early)?.term, "6");
  const [absent, present] = [record.read(), record.read()];
  answers[3]!.resolve(await entry("3", "7"));
  assertEquals((await present)?.term, "7");
  answers[2]!.resolve({ value: null, versionstamp: null });
  assertEquals((await absent)?.term, "7");
});

async function beginSealsInMemory(): Promise<NodeSeals> {
  await using dir = await tempDir();
  return await beginSeals(dir.path);
}

Deno.test("a full disk: until when an earlier run's record is believed is not known", async () => {
  const file = new ScriptedKvFile();
  const clock = new FakeClock();
  const open = async (keys: SealKeys, pid: number) => {
    const store = new StateStore(new ScriptedKv(file).kv, undefined, await Seals.of(keys));
    return new Publisher(`n:${pid}`, { store, clock, log: new LogRecorder(), pid });
  };
  const sent = { wall: clock.now(), monotonic: clock.monotonic(), uptime: clock.uptime() };
  const first = await open((await beginSealsInMemory()).manager, 1);
  await first.publish({ lease: "9", term: "5", since: clock.now(), sent }, 13_000);
  file.full = true;
  const heir = await open((await beginSealsInMemory()).manager, 2);
  assertEquals(await heir.clear(), { type: "cleared", believedUntil: null });
});
