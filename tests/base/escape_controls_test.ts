import { clip } from "../../lib/base/clip.ts";
import { escapeControls, escapeLines } from "../../lib/base/escape_controls.ts";
import { ACTED_ON, HOSTILE_NAMES } from "../support/hostile_names.ts";
import { assert, assertEquals } from "../support/assert.ts";

Deno.test("what would be acted on is shown as JSON has it, and everything else as it is", () => {
  assertEquals(escapeControls("a\u001b\u009b\u202e\n"), "a\\u001b\\u009b\\u202e\\u000a");
  assertEquals(escapeControls("\u{e0041}\ud83d"), "\\udb40\\udc41\\ud83d");
  for (const plain of ["é 😀 שלום 日本", "e\u0301", "a\\u202e"]) {
    assertEquals(escapeControls(plain), plain);
  }
  for (const name of HOSTILE_NAMES) {
    assert(!ACTED_ON.test(escapeControls(name)), escapeControls(name));
    assertEquals(escapeLines(JSON.stringify({ name }, null, 2)).split("\n").length, 3);
    assertEquals(JSON.parse(escapeLines(JSON.stringify({ name }, null, 2))), { name });
  }
});

Deno.test("a text is cut to one line that says so, and never within a character", () => {
  assertEquals(clip("a\r\n\tb\u2028c", 10), "a b c");
  assertEquals(clip("red\u001b[31m", 20), "red\\u001b[31m");
  assertEquals([clip("abcdef", 6), clip("abcdef", 5)], ["abcdef", "abcd…"]);
  assertEquals([clip("abc😀", 5), clip("abc😀", 4), clip("ab😀d", 4)], ["abc😀", "abc…", "ab…"]);
  assertEquals(clip("ab\n\n\n\n\nc", 4), "ab …", "what is left out is marked");
  for (const name of HOSTILE_NAMES) {
    for (let max = 1; max < 40; max++) {
      const shown = clip(name, max);
      assert(shown.length <= max && !ACTED_ON.test(shown) && !shown.includes("\n"), shown);
    }
    assertEquals(clip(clip(name, 30), 30), clip(name, 30));
  }
});
