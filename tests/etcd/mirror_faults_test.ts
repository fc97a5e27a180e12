import { assert, assertEquals, eventually } from "../support/assert.ts";
import { type EtcdServer, startEtcd } from "../support/etcd_server.ts";
import { testConfig } from "../support/test_config.ts";
import { systemClock } from "../../lib/base/clock.ts";
import { openEtcd } from "../../lib/etcd/client.ts";
import { type Change, mirror, type MirrorOptions } from "../../lib/etcd/mirror.ts";
import { readSnapshot } from "../../lib/etcd/snapshot.ts";

/** Between two disturbances: enough for one to hit writes under way. */
const WRITES_IN_ROUND = 4000;
/** grpc-js keeps timers and sockets of cut streams for a while. */
const GRPC = { sanitizeOps: false, sanitizeResources: false };
const client = (url: string, callTimeoutMs = 2000) =>
  openEtcd({ ...testConfig().etcd, endpoints: [url], callTimeoutMs });
const text = (value: Uint8Array | null) => value === null ? null : new TextDecoder().decode(value);

/** Mirrors `/w/` change by change. */
function follow(
  url: string,
  onChange: (change: Change) => void,
  more: Partial<MirrorOptions> = {},
) {
  return read(url, (batch) => batch.forEach(onChange), more);
}

/** Mirrors `/w/` to a reader that may take its time with each batch. */
function read(
  url: string,
  take: (batch: readonly Change[]) => void | Promise<void>,
  more: Partial<MirrorOptions> = {},
) {
  const etcd = client(url);
  const stop = new AbortController();
  const lost: string[] = [];
  const done = (async () => {
    const source = mirror(etcd, "/w/", {
      signal: stop.signal,
      clock: systemClock,
      wants: (key) => key !== "/w/round-trip",
      roundTripKey: "/w/round-trip",
      onTrouble: () => {},
      onLost: (reason) => lost.push(reason),
      ...more,
    });
    for await (const batch of source) await take(batch);
  })().catch((error) => assert(stop.signal.aborted, String(error)));
  return {
    lost,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await done;
      etcd.close();
    },
  };
}

/** Random puts and deletions, many in one revision; what was tried and what etcd confirmed. */
class Writer {
  readonly tried = new Map<string, Set<string | null>>();
  readonly confirmed = new Map<string, string | null>();
  writes = 0;
  revision = "0";
  #counter = 0;

  constructor(readonly keys: number) {}

  async write(etcd: ReturnType<typeof client>): Promise<void> {
    const puts = new Map<string, string | null>();
    const size = Math.random() < 0.3 ? 100 : 5;
    for (let i = 0; i < size; i++) {
      const key = `/w/${Math.floor(Math.random() * this.keys)}`;
      puts.set(key, Math.random() < 0.2 ? null : String(++this.#counter));
    }
    for (const [key, value] of puts) {
      if (!this.tried.has(key)) this.tried.set(key, new Set());
      this.tried.get(key)!.add(value);
    }
    const success = [...puts].map(([key, value]) =>
      value === null ? { request_delete_range: { key: new TextEncoder().encode(key) } } : {
        request_put: {
          key: new TextEncoder().encode(key),
          value: new TextEncoder().encode(value),
        },
      }
    );
    // deno-lint-ignore no-explicit-any
    const { header } = await etcd.kv.txn({ compare: [], success: success as any, failure: [] });
    this.revision = header.revision;
    for (const [key, value] of puts) this.confirmed.set(`${header.revision} ${key}`, value);
    this.writes += puts.size;
  }
}

async function disturb(server: EtcdServer, writer: Writer, round: number): Promise<void> {
  if (round % 2 === 0) return await server.restart();
  // A compaction while etcd stands still for the follower: killed, compacted by another, back.
  const etcd = client(server.url);
  await etcd.kv.compact({ revision: writer.revision, physical: true }).catch(() => {});
  etcd.close();
  await server.restart();
}

Deno.test(
  "20,000 keys change while etcd is killed and compacted: nothing lost, invented or out of order",
  GRPC,
  async () => {
    await using server = await startEtcd();
    const writer = new Writer(20_000);
    const last = new Map<string, bigint>();
    const state = new Map<string, string>();
    const wrong: string[] = [];
    await using _following = follow(server.url, ({ key, value, modRevision, live }) => {
      const revision = BigInt(modRevision);
      if (revision <= (last.get(key) ?? 0n)) {
        wrong.push(`${key}: ${revision} after ${last.get(key)}`);
      }
      last.set(key, revision);
      const seen = text(value);
      if (!writer.tried.get(key)?.has(seen)) wrong.push(`${key}: ${seen} was never written`);
      const confirmed = writer.confirmed.get(`${modRevision} ${key}`);
      // A snapshot's deletion carries the snapshot's revision rather than its own.
      if ((live || value !== null) && confirmed !== undefined && confirmed !== seen) {
        wrong.push(`${key} at ${modRevision}: ${seen}, not ${confirmed}`);
      }
      if (seen === null) state.delete(key);
      else state.set(key, seen);
    });
    const etcd = client(server.url, 500);
    let stop = false;
    const load = (async () => {
      while (!stop) await writer.write(etcd).catch(() => systemClock.sleep(20));
    })();
    for (let round = 0; round < 5; round++) {
      const enough = writer.writes + WRITES_IN_ROUND;
      while (writer.writes < enough) await systemClock.sleep(20);
      await disturb(server, writer, round);
    }
    stop = true;
    await load;
    const truth = await readSnapshot(etcd, "/w/");
    etcd.close();
    const expected = new Map(
      truth.items.filter(({ key }) => key !== "/w/round-trip")
        .map(({ key, value }) => [key, text(value)!]),
    );
    const same = () =>
      state.size === expected.size &&
      [...expected].every(([key, value]) => state.get(key) === value);
    await eventually("the newest state of every key", same, 30_000);
    assertEquals(wrong.slice(0, 5), []);
  },
);

Deno.test(
  "a stream that goes silent is found, and what was missed is made good",
  GRPC,
  async () => {
    await using server = await startEtcd();
    const etcd = client(server.url);
    const seen: string[] = [];
    // A round trip that nobody sees stands for a stream that etcd no longer feeds.
    await using following = follow(server.url, ({ key, live }) => seen.push(`${key} ${live}`), {
      quietMs: 200,
      roundTripMs: 300,
      roundTripKey: "/elsewhere",
    });
    await eventually("the loss", () => following.lost.length > 0);
    assert(following.lost.every((reason) => reason.includes("silent")), following.lost.join());
    await etcd.put("/w/a").value("1").exec();
    await eventually("the change", () => seen.length === 1);
    const before = following.lost.length;
    await eventually("another loss", () => following.lost.length > before);
    assertEquals(seen.length, 1, "nothing is told twice");
    etcd.close();
  },
);

Deno.test("a quiet stream that lives is not given up", GRPC, async () => {
  await using server = await startEtcd();
  await using following = follow(server.url, () => {}, { quietMs: 100, roundTripMs: 20_000 });
  const etcd = client(server.url);
  await eventually("the key is written again and again", async () => {
    const { kvs } = await etcd.get("/w/round-trip").exec();
    return Number(kvs[0]?.version) >= 5;
  });
  assertEquals(following.lost, []);
  etcd.close();
});

Deno.test(
  "another cluster at the same address: all of its keys, and the old ones vanish",
  GRPC,
  async () => {
    const seen: [string, string | null][] = [];
    const first = await startEtcd();
    const etcd = client(first.url);
    for (const key of ["a", "b"]) await etcd.put(`/w/${key}`).value("1").exec();
    await using following = follow(first.url, ({ key, value }) => seen.push([key, text(value)]), {
      quietMs: 200,
    });
    await eventually("the first snapshot", () => seen.length === 2);
    await first.replace();
    // The same revisions in another history: what is remembered of the old one must not hide them.
    await eventually("another cluster", async () => {
      await etcd.put("/w/b").value("2").exec().catch(() => {});
      return following.lost.some((reason) => /cluster|backup/.test(reason));
    }, 20_000);
    await eventually("its state", () => {
      const state = new Map(seen);
      return state.get("/w/a") === null && state.get("/w/b") === "2";
    });
    etcd.close();
    await first[Symbol.asyncDispose]();
  },
);

Deno.test(
  "a reader that is too slow gets a snapshot instead of a growing queue",
  GRPC,
  async () => {
    await using server = await startEtcd();
    const state = new Map<string, string | null>();
    let blocked = Promise.withResolvers<void>();
    const etcd = client(server.url);
    await using reading = read(server.url, async (batch) => {
      for (const { key, value } of batch) state.set(key, text(value));
      await blocked.promise;
    }, { wants: () => true, roundTripKey: null, maxQueued: 50 });
    blocked.resolve();
    await etcd.put("/w/x").value("0").exec();
    await eventually("the first", () => state.size === 1);
    blocked = Promise.withResolvers();
    for (let i = 0; i < 200; i++) await etcd.put(`/w/${i}`).value(String(i)).exec();
    blocked.resolve();
    await eventually("all of it", () => state.size === 201);
    assert(reading.lost.some((reason) => reason.includes("wait to be read")), reading.lost.join());
    etcd.close();
  },
);

Deno.test(
  "a reader that is slow for a while lets etcd wait, and misses nothing",
  GRPC,
  async () => {
    await using server = await startEtcd();
    const etcd = client(server.url);
    const blocked = Promise.withResolvers<void>();
    const seen = new Set<string>();
    let followed = false;
    await using reading = read(server.url, async (batch) => {
      for (const { key } of batch) seen.add(key);
      if (!batch.some(({ live }) => live)) return;
      followed = true;
      await blocked.promise;
    }, { wants: () => true, roundTripKey: null, maxQueued: 4000 });
    // What is written before the watcher is attached comes in one piece, however much it is.
    await eventually("a change is seen as it happens", async () => {
      await etcd.put("/w/first").value("1").exec();
      return followed;
    });
    const write = async (from: number) => {
      const puts = Array.from({ length: 100 }, (_, i) => etcd.put(`/w/${from + i}`).value("1"));
      await etcd.if("x", "Create", "==", 0).then(...puts).commit();
    };
    // The reader is blocked; now come more than may wait for it.
    for (let from = 0; from < 10_000; from += 100) await write(from);
    await systemClock.sleep(500); // for what comes although nobody reads
    blocked.resolve();
    await eventually("all of them", () => seen.size === 10_001);
    assertEquals(reading.lost, []);
    etcd.close();
  },
);
