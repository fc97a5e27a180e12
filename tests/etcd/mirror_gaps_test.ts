/** What a mirror misses while it cannot see etcd: compactions at any revision, and restored backups. */
import type { Etcd3 } from "etcd3";
import { systemClock } from "../../lib/base/clock.ts";
import { openEtcd } from "../../lib/etcd/client.ts";
import { type Change, mirror } from "../../lib/etcd/mirror.ts";
import { readSnapshot } from "../../lib/etcd/snapshot.ts";
import { Proxy } from "../faults/proxy.ts";
import { assert, assertEquals, eventually } from "../support/assert.ts";
import { type EtcdServer, startEtcd } from "../support/etcd_server.ts";
import { testConfig } from "../support/test_config.ts";

/** grpc-js keeps timers and sockets of cut streams for a while. */
const GRPC = { sanitizeOps: false, sanitizeResources: false };
const PREFIX = "/w/";

const client = (port: number) =>
  openEtcd({
    ...testConfig().etcd,
    endpoints: [`http://127.0.0.1:${port}`],
    callTimeoutMs: 2000,
  });

/** A mirror behind a proxy, which can be cut off from etcd, and somebody who writes. */
class Scene implements AsyncDisposable {
  /** What the mirror has said of each key last. */
  readonly state = new Map<string, string>();
  readonly said: Change[] = [];
  readonly lost: string[] = [];
  readonly proxy: Proxy;
  writer: Etcd3;
  readonly #stop = new AbortController();
  readonly #following: Promise<void>;

  private constructor(readonly server: EtcdServer) {
    this.proxy = new Proxy(server.port);
    this.writer = client(server.port);
    this.#following = this.#follow().catch((error) => {
      assert(this.#stop.signal.aborted, String(error));
    });
  }

  static async start(): Promise<Scene> {
    return new Scene(await startEtcd());
  }

  async #follow(): Promise<void> {
    const etcd = client(this.proxy.port);
    try {
      const changes = mirror(etcd, PREFIX, {
        signal: this.#stop.signal,
        clock: systemClock,
        wants: () => true,
        roundTripKey: null,
        onTrouble: () => {},
        onLost: (reason) => this.lost.push(reason),
      });
      for await (const batch of changes) for (const change of batch) this.#note(change);
    } finally {
      etcd.close();
    }
  }

  #note(change: Change): void {
    this.said.push(change);
    if (change.value === null) this.state.delete(change.key);
    else this.state.set(change.key, new TextDecoder().decode(change.value));
  }

  /** @returns the revision. */
  async put(name: string, value: string): Promise<string> {
    return (await this.writer.put(PREFIX + name).value(value).exec()).header.revision;
  }

  async delete(name: string): Promise<string> {
    return (await this.writer.delete().key(PREFIX + name).exec()).header.revision;
  }

  /** Puts, and waits until the mirror has said so. */
  async seen(name: string, value: string): Promise<void> {
    await this.put(name, value);
    await eventually(`${name} is ${value}`, () => this.state.get(PREFIX + name) === value);
  }

  /** Waits until the mirror has told of what etcd holds, no more and no less. */
  async agrees(): Promise<void> {
    const { items } = await readSnapshot(this.writer, PREFIX);
    const truth = items.map(({ key, value }) => [key, String(value)]);
    await eventually(
      `the mirror holds ${JSON.stringify(truth)}`,
      () => JSON.stringify([...this.state].sort()) === JSON.stringify(truth),
      20_000,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#following;
    this.writer.close();
    await this.proxy[Symbol.asyncDispose]();
    await this.server[Symbol.asyncDispose]();
  }
}

for (const after of [0, 1, 2]) {
  Deno.test(
    `a deletion ${after} revisions before that of a compaction, while nothing was seen, is told`,
    GRPC,
    async () => {
      await using s = await Scene.start();
      await s.seen("gone", "1");
      await s.seen("stays", "1");
      s.proxy.mode = "refuse";
      let revision = await s.delete("gone");
      for (let i = 0; i < after; i++) revision = await s.put("later", String(i));
      await s.writer.kv.compact({ revision, physical: true });
      s.proxy.mode = "pass";
      await s.agrees();
      assertEquals(s.said.filter(({ key }) => key === `${PREFIX}stays`).length, 1, "told once");
    },
  );
}

Deno.test("a compaction at the last revision that was seen costs nothing", GRPC, async () => {
  await using s = await Scene.start();
  await s.seen("stays", "1");
  await s.seen("gone", "1");
  const revision = await s.delete("gone");
  await eventually("the deletion", () => !s.state.has(`${PREFIX}gone`));
  s.proxy.mode = "refuse";
  await s.writer.kv.compact({ revision, physical: true });
  await s.put("new", "1");
  s.proxy.mode = "pass";
  await s.agrees();
  assertEquals(s.lost, []);
  const changes = s.said.map(({ key, live }) => [key.slice(PREFIX.length), live]);
  assertEquals(changes.at(-1), ["new", true], "seen as it happened");
  assertEquals(changes.length, 4, "nothing is told twice");
});

/** Overtakes: as many revisions and more are written to the restored etcd before the mirror is back. */
for (const overtaken of [false, true]) {
  Deno.test(
    `a backup of the same cluster is restored${overtaken ? ", and overtakes what was seen" : ""}`,
    GRPC,
    async () => {
      await using s = await Scene.start();
      for (const name of ["same", "other", "gone", "back"]) await s.seen(name, "1");
      const backup = await s.server.save();
      const changedAt = await s.put("other", "2");
      await s.delete("back");
      await s.seen("new", "1");
      await s.seen("other-2", "1");
      s.proxy.mode = "refuse";
      s.writer.close();
      await s.server.restore(backup);
      s.writer = client(s.server.port);
      // In this history the key has another value at the revision of the other one's change.
      assertEquals(await s.put("other", "3"), changedAt);
      await s.delete("gone");
      if (overtaken) { for (let i = 0; i < 10; i++) await s.put("unlike", String(i)); }
      s.proxy.mode = "pass";
      await s.agrees();
      assertEquals(s.said.filter(({ key }) => key === `${PREFIX}same`).length, 1, "told once");
    },
  );
}
