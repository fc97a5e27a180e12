import fc from "fast-check";
import { PackedIndex } from "../../lib/packed/packed_index.ts";
import { UuidTexts } from "../../lib/packed/uuid_texts.ts";
import { endpointName } from "../../lib/calico/keys.ts";
import { assert, assertEquals } from "../support/assert.ts";

const uuid = fc.uuid({ version: 4 });
const piece = fc.oneof(
  uuid,
  uuid.map((id) => id.replaceAll("-", "--")),
  uuid.map((id) => id.toUpperCase()),
  uuid.map((id) => id.slice(0, 30)),
  fc.constantFrom("/calico/", "-openstack-", "host--1", "\u0001", "\u0002", "\u0003", "", "é"),
  fc.string(),
);
const text = fc.array(piece, { maxLength: 5 }).map((pieces) => pieces.join(""));
const width = fc.constantFrom(1 as const, 2 as const);

Deno.test("packed: whatever text goes in comes out", () =>
  fc.assert(fc.property(width, fc.array(text), (width, texts) => {
    const index = new PackedIndex(width);
    const rows = texts.map((text) => index.add(text));
    rows.forEach((row, i) => assertEquals(index.text(row), texts[i]));
    assertEquals(index.size, new Set(texts).size);
  })));

/** An index with a number for each text, and the Map that it should be like. */
class Modelled {
  readonly index: PackedIndex;
  readonly numbers;
  readonly map = new Map<string, number>();

  constructor(width: 1 | 2, beside?: PackedIndex) {
    this.index = new PackedIndex(width, beside);
    this.numbers = this.index.column(Float64Array);
  }

  /** Compares what is there of the text, then changes it. */
  change(what: string, text: string, n: number): void {
    const { index, numbers, map } = this;
    const row = index.find(text);
    assertEquals(row < 0 ? undefined : numbers.values[row], map.get(text));
    if (what === "set") {
      numbers.values[index.add(text)] = n;
      map.set(text, n);
    } else if (what === "delete" && row >= 0) {
      index.remove(row);
      map.delete(text);
    }
  }

  assertHolds(): void {
    const { index, numbers, map } = this;
    const held = [...index.rows()].map((row) => [index.text(row), numbers.values[row]!] as const);
    assertEquals(held.sort(), [...map].sort());
  }
}

type Step = readonly ["set" | "delete" | "get", number];
const step: fc.Arbitrary<Step> = fc.tuple(
  fc.constantFrom("set" as const, "delete" as const, "get" as const),
  fc.nat(),
);

Deno.test("packed: it holds what a Map would, through any sequence of changes", () =>
  fc.assert(fc.property(
    width,
    fc.array(text, { minLength: 1, maxLength: 40 }),
    fc.array(step, { maxLength: 400 }),
    (width, texts, steps) => {
      const modelled = new Modelled(width);
      for (const [what, n] of steps) modelled.change(what, texts[n % texts.length]!, n);
      modelled.assertHolds();
    },
  )));

Deno.test("packed: another index's row is found without its text", () => {
  const [one, other] = [new PackedIndex(2), new PackedIndex(2)];
  const names = Array.from(
    { length: 500 },
    (_, i) => endpointName(`host-${i % 7}`, crypto.randomUUID(), crypto.randomUUID()),
  );
  for (const name of names) one.add(name);
  for (const name of names.toReversed().slice(1)) other.add(name);
  for (const row of one.rows()) assertEquals(other.findSame(one, row), other.find(one.text(row)));
  assertEquals(other.findSame(one, one.find(names.at(-1)!)), -1);
});

type SharedStep = readonly ["set" | "delete" | "beside" | "close", user: number, text: number];
const sharedStep: fc.Arbitrary<SharedStep> = fc.tuple(
  fc.constantFrom("set", "set", "set", "delete", "beside", "close") as fc.Arbitrary<SharedStep[0]>,
  fc.nat(),
  fc.nat(),
);

Deno.test("packed: indexes beside each other are as independent as Maps, however they end", () =>
  fc.assert(fc.property(
    width,
    fc.array(text, { minLength: 1, maxLength: 100 }),
    fc.array(sharedStep, { maxLength: 400 }),
    (width, texts, steps) => {
      const users = [new Modelled(width)];
      for (const [what, user, n] of steps) {
        const modelled = users[user % users.length]!;
        const { index } = modelled;
        modelled.change(what, texts[n % texts.length]!, n);
        if (what === "beside" && users.length < 4) users.push(new Modelled(width, index));
        else if (what === "close" && users.length > 1) {
          index.close();
          assertEquals([...index.rows()], []);
          users.splice(user % users.length, 1);
        }
      }
      for (const modelled of users) {
        const { index, map } = modelled;
        const rows = [...index.rows()];
        modelled.assertHolds();
        assertEquals(index.size, map.size);
        for (const other of users) {
          for (const row of rows) {
            const same = other.index.find(index.text(row));
            assertEquals(other.index.findSame(index, row), same);
          }
        }
      }
    },
  )));

Deno.test("packed: what an index beside another adds alone is given back when it is closed", () => {
  const one = new PackedIndex(2);
  const ids = () => Array.from({ length: 1000 }, () => crypto.randomUUID());
  for (const id of ids()) one.add(id);
  const full = one.byteLength;
  for (let i = 0; i < 50; i++) {
    const other = new PackedIndex(2, one);
    for (const row of one.rows()) other.add(one.text(row));
    for (const id of ids().slice(0, 100)) other.add(id);
    assert(other.ownBytes < full / 5, "the rows are not shared");
    other.close();
    other.add("after its end");
    assertEquals(one.find("after its end"), -1);
  }
  assertEquals(one.size, 1000);
  assert(one.byteLength < 2 * full, "what nobody has stays");
});

Deno.test("packed: rests that nobody has any more are forgotten", () => {
  const texts = new UuidTexts();
  const before = texts.size;
  const names = Array.from({ length: 100 }, (_, i) => `container-${i}-${crypto.randomUUID()}`);
  const held = names.map((name) => texts.hold(name, 2));
  assertEquals(texts.size, before + 100);
  for (const number of held) texts.release(number);
  assertEquals(texts.size, before);
});

Deno.test("packed: an endpoint's key takes less than 100 bytes", () => {
  const index = new PackedIndex(2);
  index.column(Float64Array);
  const count = 20_000;
  for (let i = 0; i < count; i++) {
    index.add(endpointName(`host-${i % 500}`, crypto.randomUUID(), crypto.randomUUID()));
  }
  assertEquals(index.size, count);
  assert(index.byteLength / count < 100, `${index.byteLength / count} bytes`);
});

Deno.test("packed: UUIDs are found where a regular expression finds them", () => {
  const UUID = /[0-9a-f]{8}(--?)[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}/g;
  const near = fc.oneof(
    text,
    uuid.map((id) => `0${id}`),
    uuid.map((id) => id.replace("-", "--")),
    uuid.map((id) => `${id.slice(0, 23)}${id}`),
    fc.string({ unit: fc.constantFrom(..."0af-"), minLength: 36, maxLength: 90 }),
  );
  fc.assert(fc.property(width, near, near, (width, one, other) => {
    const text = (one + other).replaceAll("\u0001", "").replaceAll("\u0002", "").replaceAll(
      "\u0003",
      "",
    ); // those are kept whole
    const texts = new UuidTexts();
    texts.hold(text, width);
    const found = [...text.matchAll(UUID)].slice(0, width);
    const words = found.flatMap(([id]) =>
      id.replaceAll("-", "").match(/.{8}/g)!.map((word) => parseInt(word, 16))
    );
    const missing = Array.from({ length: 8 - words.length }, () => 0);
    assertEquals([...texts.words], [...words, ...missing]);
    // What differs in these UUIDs alone has the same rest.
    let at = 0;
    const same = text.replaceAll(UUID, (id) => at++ < width ? id.replaceAll(/[^-]/g, "0") : id);
    const before = texts.size;
    texts.hold(same, width);
    assertEquals(texts.size, before);
  }));
});

Deno.test("a sample of the texts has no beat of its own: each place in a group of twenty is in it", () => {
  const index = new PackedIndex(1);
  for (let group = 0; group < 200; group++) {
    for (let place = 0; place < 20; place++) {
      index.add(
        `${String(place).padStart(8, "0")}-0000-4000-a000-${String(group).padStart(12, "0")}`,
      );
    }
  }
  const sample = [...index.everyText(20)];
  assertEquals(sample.length, 200);
  const places = new Set(sample.map((text) => text.slice(0, 8)));
  assert(places.size >= 15, `only ${places.size} of 20 places`);
});
