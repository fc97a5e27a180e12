/** What inputs are drawn of: texts that have no business there, JSON of any shape and depth, and damage. @module */
import fc from "fast-check";

/** Words that are something else to JavaScript, YAML, INI, a URL, a path, a terminal or a page. */
const ODD = [
  ...["", " ", "\0", "\n", "\t\r\n", "\ufeff", "\u2028", "\ud800", "\u202e", "\x1b[2J", "é", "💥"],
  ..."__proto__ constructor prototype toString valueOf hasOwnProperty toJSON length then".split(
    " ",
  ),
  ..."null undefined NaN true -1 0 1e999 9007199254740993 0x10 ~ * & ! | > % @ ` # // .. / \\"
    .split(" "),
  ...[
    "<script>",
    "'\"><b>",
    "${x}",
    "%s",
    "%2f",
    "%00",
    "a=b",
    "a:b",
    "[a]",
    "{a}",
    "$$",
    "-",
    "--",
  ],
  ...[
    "::",
    "0.0.0.0",
    "127.0.0.1",
    "[::1]",
    "*.example",
    "http://h",
    "https://u:p@h:1/p?q#f",
    "h:1",
  ],
];

/** A text of any kind; some are long. */
export const oddText: fc.Arbitrary<string> = fc.oneof(
  { arbitrary: fc.constantFrom(...ODD), weight: 6 },
  { arbitrary: fc.string({ maxLength: 12 }), weight: 3 },
  { arbitrary: fc.string({ unit: "binary", maxLength: 8 }), weight: 2 },
  {
    arbitrary: fc.tuple(fc.constantFrom(...ODD), fc.nat(3000)).map(([w, n]) =>
      w.repeat(n).slice(0, 20_000)
    ),
    weight: 1,
  },
);

/** JSON that is nested deeper than a stack is, whole or broken off. */
const deep: fc.Arbitrary<string> = fc.tuple(
  fc.constantFrom(["[", "]"], ['{"a":', "}"], ['[{"__proto__":', "}]"]),
  fc.integer({ min: 100, max: 20_000 }),
  fc.boolean(),
).map(([[open, close], depth, whole]) =>
  open!.repeat(depth) + "1" + (whole ? close!.repeat(depth) : "")
);

/** Values that mean something else to whoever takes them for a text, a list, a promise or a number. */
const ODD_VALUES = [
  ...['{"toString":1}', '[{"valueOf":0}]', '{"length":-1}', '{"__proto__":[]}', '{"then":{}}'],
  ...["null", "true", "0", "-0", "1e308", "1e999", "-1", "1.5", "[]", "{}", '"constructor"'],
];

const leaf = fc.oneof(
  { arbitrary: oddText.map((text) => JSON.stringify(text)), weight: 4 },
  { arbitrary: fc.constantFrom(...ODD_VALUES), weight: 4 },
  { arbitrary: fc.integer().map(String), weight: 1 },
);

/** JSON texts of any shape; an object may hold `__proto__` as a key of its own. */
export const json: fc.Arbitrary<string> = fc.oneof(
  {
    arbitrary: fc.letrec<{ node: string }>((tie) => ({
      node: fc.oneof(
        { depthSize: "small", withCrossShrink: true },
        leaf,
        fc.array(tie("node"), { maxLength: 4 }).map((items) => `[${items.join(",")}]`),
        fc.array(fc.tuple(oddText, tie("node")), { maxLength: 4 }).map((fields) =>
          `{${fields.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(",")}}`
        ),
      ),
    })).node,
    weight: 60,
  },
  { arbitrary: deep, weight: 1 },
);

/** Values within a template, itself included. */
function sizeOf(template: unknown): number {
  if (typeof template !== "object" || template === null) return 1;
  return Object.values(template).reduce((sum: number, inner) => sum + sizeOf(inner), 1);
}

/** The template as JSON, some values replaced by the texts at their numbers. */
function printed(template: unknown, replaced: ReadonlyMap<number, string>): string {
  let number = -1;
  const print = (value: unknown): string => {
    number++;
    const other = replaced.get(number);
    if (other !== undefined) {
      number += sizeOf(value) - 1;
      return other;
    }
    if (Array.isArray(value)) return `[${value.map(print).join(",")}]`;
    if (typeof value !== "object" || value === null) return JSON.stringify(value);
    const fields = Object.entries(value).map(([name, inner]) =>
      `${JSON.stringify(name)}:${print(inner)}`
    );
    return `{${fields.join(",")}}`;
  };
  return print(template);
}

/** The JSON of a right value in which some parts were replaced by anything, or its text spoilt. */
export function damaged(...templates: readonly unknown[]): fc.Arbitrary<string> {
  return fc.constantFrom(...templates).chain((template) => {
    const replacements = fc.array(fc.tuple(fc.nat(sizeOf(template) - 1), json), { maxLength: 3 });
    return fc.oneof(
      {
        arbitrary: replacements.map((some) => printed(template, new Map(some))),
        weight: 8,
      },
      { arbitrary: spoilt(JSON.stringify(template)), weight: 1 },
      { arbitrary: json, weight: 1 },
    );
  });
}

/** A text in which some places were cut out, repeated or overwritten. */
export function spoilt(...texts: readonly string[]): fc.Arbitrary<string> {
  const places = fc.array(
    fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      cut: fc.nat(12),
      repeat: fc.nat(3),
      put: oddText,
    }),
    { maxLength: 4 },
  );
  return fc.tuple(fc.constantFrom(...texts), places).map(([text, all]) =>
    all.reduce((left, { at, cut, repeat, put }) => {
      const from = Math.floor(at * left.length);
      const gone = left.slice(from, from + cut);
      return left.slice(0, from) + gone.repeat(repeat) + put + left.slice(from + cut);
    }, text).slice(0, 200_000)
  );
}

/** The text as bytes; now and then they are no UTF-8. */
export function asBytes(texts: fc.Arbitrary<string>): fc.Arbitrary<Uint8Array<ArrayBuffer>> {
  const encoder = new TextEncoder();
  return fc.tuple(texts, fc.option(fc.tuple(fc.nat(), fc.nat(255)), { freq: 10 })).map(
    ([text, broken]) => {
      const bytes = encoder.encode(text);
      if (broken !== null && bytes.length > 0) bytes[broken[0] % bytes.length] = broken[1];
      return bytes;
    },
  );
}
