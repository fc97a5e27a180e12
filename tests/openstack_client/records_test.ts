import {
  networkSchema,
  portSchema,
  portSeen,
  revisionSchema,
  securityGroupNameSchema,
} from "../../lib/openstack/records.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import {
  ALL_EXTENSIONS,
  failure,
  type FakeNeutron,
  type FakeRecord,
  somePorts,
  withNeutron,
} from "./fake_neutron.ts";
import { GROUP, type Kind, KINDS, RULE } from "./sample_records.ts";

const { signal } = new AbortController();
const collectionOf = (path: string) => path.split("/").at(-1)!.replaceAll("-", "_");

/** What is listed when the collection holds that one object. */
async function listOne({ neutron, cloud }: FakeNeutron, kind: Kind, record: unknown) {
  cloud[collectionOf(kind.path)] = [record as FakeRecord];
  return await neutron.list(kind.path, kind.schema, signal);
}

/** A copy with the value at that path, such as `rules.0.type`; undefined: without it. */
function changed(record: FakeRecord, path: string, value: unknown): FakeRecord {
  const copy = structuredClone(record);
  const steps = path.split(".");
  // deno-lint-ignore no-explicit-any
  let at: any = copy;
  for (const step of steps.slice(0, -1)) at = at[step];
  if (value === undefined) delete at[steps.at(-1)!];
  else at[steps.at(-1)!] = value;
  return copy;
}

for (const kind of KINDS) {
  const { path, record, mayBeNull = [], wrong } = kind;

  Deno.test(`${path}: as a real Neutron sends it, it is understood`, () =>
    withNeutron(async (scene) => {
      const { items, refused } = await listOne(scene, kind, record);
      assertEquals([items.length, refused], [1, []]);
    }));

  Deno.test(`${path}: without any of its fields, or with null in its place, it is refused by name`, () =>
    withNeutron(async (scene) => {
      for (const field of Object.keys(record).filter((field) => field !== "id")) {
        const without = await listOne(scene, kind, changed(record, field, undefined));
        assertEquals(without.items, [], field);
        assertEquals(without.refused[0]!.id, record.id);
        assert(without.refused[0]!.why.startsWith(`${field} is missing`), without.refused[0]!.why);
        const { items, refused } = await listOne(scene, kind, changed(record, field, null));
        assertEquals(items.length, mayBeNull.includes(field) ? 1 : 0, `${field}: null`);
        if (refused[0]) assert(refused[0].why.startsWith(`${field}: `), refused[0].why);
      }
    }));

  Deno.test(`${path}: a field of another sort is refused by name, its value left out`, () =>
    withNeutron(async (scene) => {
      for (const [field, value] of Object.entries(wrong)) {
        const { items, refused } = await listOne(scene, kind, changed(record, field, value));
        assertEquals([items, refused.map(({ id }) => id)], [[], [record.id]], field);
        assert(refused[0]!.why.startsWith(field), `${field}: ${refused[0]!.why}`);
      }
    }));
}

Deno.test("a rule without one of its fields refuses its group, never makes it wider or empty", () =>
  withNeutron(async (scene) => {
    const kind = KINDS.find(({ path }) => path === "security-groups")!;
    for (const field of Object.keys(RULE).filter((field) => field !== "security_group_id")) {
      const { [field]: _, ...rule } = RULE as Record<string, unknown>;
      const damaged = { ...kind.record, security_group_rules: [RULE, rule] };
      const { items, refused } = await listOne(scene, kind, damaged);
      assertEquals(items, []);
      assertEquals(refused, [{ id: GROUP, why: `security_group_rules.1.${field} is missing` }]);
    }
  }));

Deno.test("a QoS rule without its amount refuses its policy", () =>
  withNeutron(async (scene) => {
    const kind = KINDS.find(({ path }) => path === "qos/policies")!;
    for (const field of ["rules.0.max_kbps", "rules.0.max_burst_kbps", "rules.1.max_kpps"]) {
      const { refused } = await listOne(scene, kind, changed(kind.record, field, undefined));
      assertEquals(refused[0]?.why, `${field} is missing`);
      const unset = await listOne(scene, kind, changed(kind.record, field, null));
      assertEquals(unset.items.length, 1, "null is no limit");
    }
  }));

Deno.test("a QoS rule of a type that every object has is one that is not known", () =>
  withNeutron(async (scene) => {
    const kind = KINDS.find(({ path }) => path === "qos/policies")!;
    for (const type of ["constructor", "toString", "__proto__", "dscp_marking"]) {
      const { items, refused } = await listOne(
        scene,
        kind,
        changed(kind.record, "rules.0.type", type),
      );
      assertEquals([items.length, refused], [1, []], type);
    }
  }));

Deno.test("only what was asked for has to be there", () =>
  withNeutron(async (scene) => {
    scene.cloud.security_groups = [{ id: GROUP, name: "web", revision_number: 1 }];
    const names = ["id", "name", "revision_number"];
    const { neutron } = scene;
    const found = await neutron
      .list("security-groups", securityGroupNameSchema, signal, { fields: names });
    assertEquals(found.items, [{ id: GROUP, name: "web", revision_number: 1 }]);
    const fields = [...names, "security_group_rules"];
    const { refused } = await neutron
      .list("security-groups", securityGroupNameSchema, signal, { fields });
    assertEquals(refused, [{ id: GROUP, why: "security_group_rules is missing" }]);
  }));

Deno.test("what a missing extension would bring does not have to be there", () =>
  withNeutron(async (scene) => {
    const { revision_number: _, ...network } = KINDS[1]!.record;
    scene.cloud.networks = [network as FakeRecord];
    const { neutron } = scene;
    const list = () => neutron.list("networks", networkSchema, signal);
    assertEquals((await list()).refused[0]?.why, "revision_number is missing");
    await neutron.askExtensions(signal);
    assertEquals((await list()).items.map(({ revision_number }) => revision_number), [0]);
  }, { aliases: ALL_EXTENSIONS.filter((alias) => alias !== "standard-attr-revisions") }));

Deno.test("without the extension binding nothing of ports is told at all", () =>
  withNeutron(async (scene) => {
    scene.cloud.ports = somePorts(3).map(({ "binding:host_id": _, ...port }) => port);
    const { neutron } = scene;
    await neutron.askExtensions(signal);
    for (
      const ask of [
        () => neutron.list("ports", revisionSchema, signal),
        () => neutron.listBy("ports", revisionSchema, signal, "id", ["p-000"]),
        () => neutron.confirmGone("ports", signal, ["p-009"], "p-000"),
      ]
    ) assertMatch(await failure(ask()), /extension binding .*nothing tells where a port is bound/);
    assertEquals((await neutron.list("networks", networkSchema, signal)).items, []);
  }, { aliases: ALL_EXTENSIONS.filter((alias) => alias !== "binding") }));

const UNNAMED: Record<string, [record: unknown, why: RegExp]> = {
  "null": [null, /it is null$/],
  "a list": [[], /it is a list$/],
  "a text": ["p-001", /it is a string$/],
  "without id": [{ revision_number: 1 }, /id is missing$/],
  "with id null": [{ id: null, revision_number: 1 }, /id is null$/],
  "with a number as id": [{ id: 7, revision_number: 1 }, /id is a number$/],
  "with an empty id": [{ id: "", revision_number: 1 }, /id is not one of Neutron's: ""$/],
  "with a path as id": [
    { id: "../p-001", revision_number: 1 },
    /not one of Neutron's: "\.\.\/p-001"$/,
  ],
};
for (const [what, [record, why]] of Object.entries(UNNAMED)) {
  Deno.test(`a record that is ${what} is refused by its place, and seen by nobody`, () =>
    withNeutron(async (scene) => {
      scene.cloud.ports!.push(...somePorts(6));
      scene.spoil = (page) => ({
        ...page,
        records: page.records.map((one) => (one as FakeRecord)?.id === "p-004" ? record : one),
      });
      const seen: unknown[] = [];
      const { items, refused } = await scene.neutron.list("ports", revisionSchema, signal, {
        known: (one) => !seen.push((one as FakeRecord).id),
      });
      assertEquals(items.length, 5);
      assertEquals(seen.length, 5);
      assertEquals(refused.map(({ id }) => id), [""]);
      assertMatch(refused[0]!.why, /^record 5 of http:.*\/v2\.0\/ports, after p-003: /);
      assertMatch(refused[0]!.why, why);
    }));
}

Deno.test("a reason is short, however long the record", () =>
  withNeutron(async (scene) => {
    scene.cloud.ports = [{ ...KINDS[0]!.record, device_id: `a b${"x".repeat(5000)}` }];
    const port = (await scene.neutron.list("ports", portSchema, signal)).refused[0]!;
    assert(port.why.length <= 200 && !port.why.includes("xxx"), port.why);
    scene.cloud.ports = [{ id: "x/".repeat(5000) }];
    const unnamed = (await scene.neutron.list("ports", revisionSchema, signal)).refused[0]!;
    assert(unnamed.why.length <= 200 && unnamed.id === "", unnamed.why);
  }));

Deno.test("a device or host that no key can hold is refused with what to do", () =>
  withNeutron(async (scene) => {
    const kind = KINDS[0]!;
    for (const value of ["a b", "a/b", "a\u0000b", "x".repeat(256)]) {
      for (
        const [field, advice] of [
          ["device_id", /^device_id: has a space, a slash .* give the port another one$/],
          [
            "binding:host_id",
            /^binding:host_id: has a space, a slash .* give the host another name$/,
          ],
        ] as const
      ) {
        const { refused } = await listOne(scene, kind, changed(kind.record, field, value));
        assertEquals(refused.map(({ id }) => id), [kind.record.id]);
        assertMatch(refused[0]!.why, advice);
      }
      const other = { ...kind.record, device_owner: "network:misc", device_id: value };
      assertEquals((await listOne(scene, kind, other)).items.length, 1, "it has no endpoint");
    }
  }));

Deno.test("ports that none shows its host are a missing right, a single one is damaged", () =>
  withNeutron(async (scene) => {
    const fields = ["id", "revision_number", "binding:host_id"];
    const list = () => scene.neutron.list("ports", revisionSchema, signal, { fields });
    const hidden = somePorts(20).map(({ "binding:host_id": _, ...port }) => port);
    scene.cloud.ports = hidden;
    assertMatch(await failure(list()), /shows nothing with binding:host_id: only an admin sees it/);
    scene.cloud.ports = [somePorts(1)[0]!, ...hidden.slice(1)];
    const { items, refused } = await list();
    assertEquals([items.length, refused.length], [1, 19]);
    assertMatch(refused[0]!.why, /^binding:host_id is missing: only an admin sees it/);
    const names = await scene.neutron
      .list("ports", revisionSchema, signal, { fields: ["id", "revision_number"] });
    assertEquals(names.items.length, 20);
  }, { pageSize: 100 }));

Deno.test("a field that is optional is asked for, and harms nothing where it is hidden", () =>
  withNeutron(async (scene) => {
    scene.cloud.ports = somePorts(20);
    const shown: unknown[] = [];
    const { items, refused } = await scene.neutron.list("ports", revisionSchema, signal, {
      fields: ["id", "revision_number"],
      optional: ["data_plane_status"],
      known(record) {
        shown.push((record as Record<string, unknown>).data_plane_status);
        return false;
      },
    });
    assertEquals([items.length, refused.length], [20, 0]);
    assertEquals(new Set(shown), new Set([undefined]));
    const asked = scene.requests.at(-1)!.searchParams.getAll("fields");
    assertEquals(asked, ["id", "revision_number", "data_plane_status"]);
    const all = await scene.neutron.list("ports", revisionSchema, signal, {
      fields: undefined,
      optional: ["data_plane_status"],
    });
    assertEquals(all.items.length, 20);
  }, { pageSize: 100 }));

Deno.test("networks that none shows what an extension brings are told once, not each", () =>
  withNeutron(async (scene) => {
    scene.cloud.networks = Array.from({ length: 25 }, (_, i) => {
      const { qos_policy_id: _policy, ...network } = KINDS[1]!.record;
      return { ...network, id: `n-${10 + i}` };
    });
    const why = await failure(scene.neutron.list("networks", networkSchema, signal));
    assertMatch(why, /shows nothing with qos_policy_id: .*ML2's extension_drivers/);
  }, { pageSize: 100 }));

Deno.test("a port of a list that hides where it is bound, or how it is, tells nothing of that", () => {
  const port = { id: "a", status: "ACTIVE", "binding:host_id": "host-1" };
  assertEquals(portSeen(port), { id: "a", status: "ACTIVE", host: "host-1", isFaulty: null });
  assertEquals(portSeen({ ...port, data_plane_status: "DOWN" })?.isFaulty, true);
  assertEquals(portSeen({ ...port, data_plane_status: "ACTIVE" })?.isFaulty, false);
  assertEquals(portSeen({ ...port, "binding:host_id": null })?.host, "");
  const { "binding:host_id": _host, ...hidden } = port;
  const { status: _status, ...silent } = port;
  assertEquals([portSeen(hidden), portSeen(silent)], [null, null]);
});

Deno.test("a page that was refused for a hidden field is asked for again, and none of it is passed over", () =>
  withNeutron(async (scene) => {
    scene.cloud.ports!.push(...somePorts(60));
    const fields = ["id", "revision_number", "binding:host_id"];
    const walk = scene.neutron.walk("ports", revisionSchema, { fields });
    const found: string[] = [];
    for (const sofar of [25, 50]) {
      scene.spoil = ({ links, records }) => ({
        links,
        records: (records as FakeRecord[]).map(({ "binding:host_id": _, ...shown }) => shown),
      });
      assertMatch(await failure(walk.next(signal)), /shows nothing with binding:host_id/);
      scene.spoil = (page) => page;
      found.push(...(await walk.next(signal))!.items.map(({ id }) => id));
      assertEquals(found.length, sofar);
    }
    found.push(...(await walk.next(signal))!.items.map(({ id }) => id));
    assertEquals(found, somePorts(60).map(({ id }) => id));
    assert(walk.done);
  }, { pageSize: 25 }));
