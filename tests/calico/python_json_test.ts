import fc from "fast-check";
import { pythonJson } from "../../lib/calico/python_json.ts";
import { assert, assertEquals } from "../support/assert.ts";

/** As `json.dumps` of Python 3.13 prints them. */
const PRINTED: [unknown, string][] = [
  [{}, "{}"],
  [[], "[]"],
  [null, "null"],
  [{ a: [1, true, null, "x"], b: {} }, '{"a": [1, true, null, "x"], "b": {}}'],
  ["Ärzte/\u{1f600}", '"\\u00c4rzte/\\ud83d\\ude00"'],
  ['q"\\\n\t\b\f\r', '"q\\"\\\\\\n\\t\\b\\f\\r"'],
  ["\x00\x1f\x7f\x80\u2028", '"\\u0000\\u001f\\u007f\\u0080\\u2028"'],
  ["\ud800", '"\\ud800"'],
  [{ "ü": undefined, "ö": 1 }, '{"\\u00f6": 1}'],
];
for (const [value, text] of PRINTED) {
  Deno.test(`as Python prints it: ${text}`, () => assertEquals(pythonJson(value), text));
}

Deno.test("any value is printed in ASCII and means the same", () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => {
    const text = pythonJson(value);
    assert(/^[ -~]*$/.test(text));
    assertEquals(JSON.stringify(JSON.parse(text)), JSON.stringify(value));
  }));
});
