import { resourcePrefixes } from "../../../lib/calico/keys.ts";
import { systemClock } from "../../../lib/base/clock.ts";
import { openEtcd } from "../../../lib/etcd/client.ts";
import { apply } from "../../../lib/sync/apply/apply.ts";
import { DryRunSink } from "../../../lib/sync/apply/dry_run.ts";
import type { Fate } from "../../../lib/sync/apply/gone.ts";
import { NoSink } from "../../../lib/sync/apply/sink.ts";
import type { Source, StoredKeys } from "../../../lib/sync/apply/source.ts";
import { type ResyncDeps, SyncRun } from "../../../lib/sync/apply/sync_run.ts";
import type { Scope } from "../../../lib/sync/index/backlog.ts";
import { CloudIndex } from "../../../lib/sync/index/cloud_index.ts";
import { type Change, removal, type Stored } from "../../../lib/sync/model/compare.ts";
import type { Kind, Subject } from "../../../lib/sync/model/kinds.ts";
import type { Desired } from "../../../lib/sync/model/translate.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { startEtcd } from "../../support/etcd_server.ts";
import { testConfig } from "../../support/test_config.ts";

const PREFIXES = resourcePrefixes(null);
const ELECTION = "/election";
const endpointName = (id: string) => `host--1-openstack-vm-${id.replaceAll("-", "--")}`;
const NAMES = {
  Subnet: (id: string) => id,
  NetworkPolicy: (id: string) => `ossg.default.${id}`,
  LiveMigration: endpointName,
  WorkloadEndpoint: endpointName,
} as const satisfies Record<Kind, (id: string) => string>;
const TYPES = {
  Subnet: "subnet",
  NetworkPolicy: "group",
  LiveMigration: "port",
  WorkloadEndpoint: "port",
} as const satisfies Record<Kind, Subject["type"]>;

const keyOf = (kind: Kind, id: string) => PREFIXES[kind] + NAMES[kind](id);

function want(kind: Kind, id: string, text = ""): Desired {
  const of = { key: keyOf(kind, id), kind, subject: { type: TYPES[kind], id }, group: "" };
  if (kind === "Subnet") return { ...of, resource: null, plain: { text } };
  const resource = { kind, name: NAMES[kind](id), labels: {}, annotations: {}, spec: { text } };
  return { ...of, resource, plain: null };
}

/** What a source is told to say. */
interface Script {
  readonly batches?: readonly (readonly Desired[])[];
  /** Thrown after the last batch. */
  readonly error?: Error;
  readonly values?: ReadonlyMap<string, Stored>;
  readonly unwanted?: readonly Change[];
  readonly fates?: Readonly<Record<string, Fate | null>>;
  readonly missed?: readonly string[];
  named?(scope: Scope): Source;
}

class Scripted implements Source {
  readonly missed: readonly string[];
  readonly keys: StoredKeys;
  closed = false;

  constructor(readonly script: Script, readonly seen: string[] = []) {
    const { values = new Map<string, Stored>(), unwanted = [] } = script;
    this.missed = script.missed ?? [];
    this.keys = {
      read(wants) {
        seen.push(`read ${wants.map(({ subject }) => subject.id)}`);
        return Promise.resolve(values);
      },
      compared: (_want, _stored, change) => change,
      unwanted: (kind) => unwanted.filter((change) => change.kind === kind),
      readUnwanted: () => Promise.resolve(values),
      count: () => 1,
    };
  }
  async *batches() {
    try {
      for (const batch of this.script.batches ?? []) yield await Promise.resolve(batch);
      if (this.script.error) throw this.script.error;
    } finally {
      this.closed = true;
    }
  }
  fate(_: string, id: string): Fate | null {
    return this.script.fates?.[id] ?? null;
  }
  listed(): number {
    return 0;
  }
  hidden(): ReadonlySet<string> {
    return new Set();
  }
  named(scope: Scope): Source {
    return this.script.named!(scope);
  }
}

/** Notes what is to be written, and when all of it has landed. */
class Noting extends NoSink {
  readonly changes: Change[] = [];
  constructor(readonly seen: string[]) {
    super();
  }
  override add(change: Change): null {
    this.changes.push(change);
    this.seen.push(`${change.action} ${change.kind} ${change.subject.id}`);
    return null;
  }
  override flush(): Promise<void> {
    if (this.seen.at(-1) !== "landed") this.seen.push("landed");
    return Promise.resolve();
  }
}

/** Nothing of OpenStack's is asked for what is certain. */
const DEPS = {
  clock: systemClock,
  region: null,
  progress: () => {},
} as unknown as ResyncDeps;
const TERM = {
  term: "1",
  id: "node-1:1",
  electionKey: ELECTION,
  signal: new AbortController().signal,
};

const deletionOf = (kind: Kind, id: string) => removal(kind, PREFIXES[kind], keyOf(kind, id), "7")!;
const stored = (value: string): Stored => ({
  value: new TextEncoder().encode(value),
  modRevision: "7",
});

Deno.test("all of a kind has landed before a later kind is written, whatever a source comes upon", async () => {
  const seen: string[] = [];
  const run = new SyncRun(DEPS, TERM, new CloudIndex(null), { sink: new Noting(seen) });
  const source = new Scripted({
    batches: [
      [want("Subnet", "s1")],
      [],
      [want("NetworkPolicy", "g1")],
      [want("WorkloadEndpoint", "p1")],
      [want("LiveMigration", "p2")],
      [want("WorkloadEndpoint", "p2")],
      [want("Subnet", "s2")],
      [want("WorkloadEndpoint", "p3"), want("WorkloadEndpoint", "p4")],
    ],
  }, seen);
  await apply(run, source);
  assertEquals(seen.filter((what) => !what.startsWith("read")), [
    "create Subnet s1",
    "landed",
    "create NetworkPolicy g1",
    "landed",
    "create WorkloadEndpoint p1",
    "create LiveMigration p2",
    "landed",
    "create WorkloadEndpoint p2",
    "create Subnet s2",
    "landed",
    "create WorkloadEndpoint p3",
    "create WorkloadEndpoint p4",
    "landed",
  ]);
  assertEquals(run.kinds.WorkloadEndpoint.created, 4);
});

Deno.test("the values of a batch are asked for before the one ahead of it is compared", async () => {
  const seen: string[] = [];
  const batches = ["p1", "p2", "p3"].map((id) => [want("WorkloadEndpoint", id)]);
  const run = new SyncRun(DEPS, TERM, new CloudIndex(null), { sink: new Noting(seen) });
  await apply(run, new Scripted({ batches }, seen));
  const steps = ["read p1", "read p2", "p1", "read p3", "p2", "p3", "landed"];
  assertEquals(seen.map((what) => what.replace("create WorkloadEndpoint ", "")), steps);
});

Deno.test("what nothing wants goes in the reverse order, once all that is wanted has landed", async () => {
  const seen: string[] = [];
  const run = new SyncRun(DEPS, TERM, new CloudIndex(null), { sink: new Noting(seen) });
  const source = new Scripted({
    batches: [[want("WorkloadEndpoint", "new")]],
    unwanted: [
      deletionOf("Subnet", "s-moved"),
      deletionOf("NetworkPolicy", "g-refused"),
      deletionOf("NetworkPolicy", "g-missing"),
      deletionOf("LiveMigration", "p-moved"),
      deletionOf("WorkloadEndpoint", "p-moved"),
      deletionOf("WorkloadEndpoint", "p-missing"),
    ],
    fates: {
      "s-moved": "moved",
      "g-refused": null,
      "g-missing": "missing",
      "p-moved": "moved",
      "p-missing": "missing",
    },
  }, seen);
  await apply(run, source);
  assertEquals(seen.slice(1), [
    "create WorkloadEndpoint new",
    "landed",
    "delete WorkloadEndpoint p-moved",
    "landed",
    "delete LiveMigration p-moved",
    "landed",
    "delete Subnet s-moved",
    "landed",
  ]);
  // Nothing was listed, so that what is missing may be there all the same.
  assertEquals(run.guards.map(({ collection, why, names }) => [collection, why, names]), [
    ["security-groups", "empty", ["g-missing"]],
    ["ports", "empty", ["p-missing"]],
  ]);
});

Deno.test("a source that fails in the middle deletes nothing, and is closed", async () => {
  const seen: string[] = [];
  const error = new Error("a page is missing");
  const source = new Scripted({
    batches: [[want("Subnet", "s1")], [want("Subnet", "s2")]],
    error,
    unwanted: [deletionOf("Subnet", "s3")],
    fates: { s3: "moved" },
  }, seen);
  const run = new SyncRun(DEPS, TERM, new CloudIndex(null), { sink: new Noting(seen) });
  const failed = await apply(run, source).catch((thrown) => thrown);
  assertEquals(failed, error);
  assertEquals(seen, [
    "read s1",
    "read s2",
    "create Subnet s1",
    "create Subnet s2",
    "landed",
  ], "what came before is written");
  // And so is one whose values cannot be read.
  const other = new Scripted({ batches: [[want("Subnet", "s1")], [want("Subnet", "s2")]] });
  other.keys.read = () => Promise.reject(error);
  assertEquals(await apply(run, other).catch((thrown) => thrown), error);
  assert(source.closed && other.closed);
});

Deno.test("ports that the list lacked are looked at by id, some at a time, after the deletions", async () => {
  const scopes: number[] = [];
  const seen: string[] = [];
  const source = new Scripted({
    missed: Array.from({ length: 1200 }, (_, i) => `p${i}`),
    unwanted: [deletionOf("Subnet", "s1")],
    fates: { s1: "moved" },
    named({ ports }) {
      scopes.push(ports.size);
      return new Scripted({ batches: [[...ports].map((id) => want("WorkloadEndpoint", id))] });
    },
  }, seen);
  const run = new SyncRun(DEPS, TERM, new CloudIndex(null), { sink: new Noting(seen) });
  await apply(run, source);
  assertEquals(scopes, [500, 500, 200]);
  assertEquals([seen[0], run.kinds.WorkloadEndpoint.created], ["delete Subnet s1", 1200]);
});

Deno.test("a dry run counts and shows what a writing run writes", async () => {
  const script = {
    batches: [[want("Subnet", "s1", "new"), want("Subnet", "s2", "same")]],
    values: new Map([
      [keyOf("Subnet", "s1"), stored('{"text": "old"}')],
      [keyOf("Subnet", "s2"), stored('{"text": "same"}')],
      [keyOf("Subnet", "s3"), stored('{"text": "gone"}')],
    ]),
    unwanted: [deletionOf("Subnet", "s3")],
    fates: { s3: "moved" },
  } as const;
  const [sink, noting] = [new DryRunSink(), new Noting([])];
  const [dry, real] = [sink, noting].map((sink) =>
    new SyncRun(DEPS, TERM, new CloudIndex(null), { sink })
  );
  await apply(dry!, new Scripted(script));
  await apply(real!, new Scripted(script));
  const counts = ({ kinds: { Subnet } }: SyncRun) => {
    const { correct, created, updated, deleted } = Subnet;
    return { correct, created, updated, deleted };
  };
  assertEquals(counts(dry!), { correct: 1, created: 0, updated: 1, deleted: 1 });
  assertEquals(counts(real!), counts(dry!));
  assertEquals(noting.changes.map(({ action, key }) => `${action} ${key}`), [
    `update ${keyOf("Subnet", "s1")}`,
    `delete ${keyOf("Subnet", "s3")}`,
  ]);
  assertEquals(
    sink.text(),
    `update ${keyOf("Subnet", "s1")}\n  /text "old" -> "new"\n` +
      `delete ${keyOf("Subnet", "s3")}\n  - {\n  -  "text": "gone"\n  - }\n`,
  );
});

Deno.test("a swap that fails is tried again with fresh data, 5 times, and then left to a later run", async () => {
  await using server = await startEtcd();
  const etcd = openEtcd({ ...testConfig().etcd, endpoints: [server.url] });
  try {
    const { header } = await etcd.put(ELECTION).value(TERM.id).exec();
    const index = new CloudIndex(null);
    const run = new SyncRun({ ...DEPS, etcd }, { ...TERM, term: header.revision }, index);
    await etcd.put(keyOf("Subnet", "s1")).value("of others");
    let calm = false;
    const scopes: Scope[] = [];
    // Each sees the key as it is, and another writer changes it before the swap.
    const source = (): Source => {
      const made = new Scripted({
        batches: [[want("Subnet", "s1", "ours")]],
        named(scope) {
          scopes.push(scope);
          return source();
        },
      });
      made.keys.read = async () => {
        const [kv] = (await etcd.get(keyOf("Subnet", "s1")).exec()).kvs;
        if (!calm) await etcd.put(keyOf("Subnet", "s1")).value("of others");
        return new Map([[keyOf("Subnet", "s1"), {
          value: kv!.value,
          modRevision: kv!.mod_revision,
        }]]);
      };
      return made;
    };
    await apply(run, source());
    assertEquals(scopes.map(({ subnets }) => [...subnets]), Array(5).fill(["s1"]));
    assertEquals([run.kinds.Subnet.conflicts, run.kinds.Subnet.updated], [6, 0]);
    assert(run.warnings[0]!.includes(keyOf("Subnet", "s1")));
    assertEquals([...index.takeBacklog().subnets], ["s1"]);
    assertEquals(await etcd.get(keyOf("Subnet", "s1")).string(), "of others");
    calm = true;
    await apply(run, source());
    assertEquals(await etcd.get(keyOf("Subnet", "s1")).json(), { text: "ours" });
  } finally {
    etcd.close();
  }
});
