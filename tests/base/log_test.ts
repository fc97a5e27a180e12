import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { ACTED_ON, HOSTILE_NAMES } from "../support/hostile_names.ts";
import { describeError, formatJson, formatText, passes, setupLogging } from "../../lib/base/log.ts";

const entry = {
  time: "2026-01-02T03:04:05.678Z",
  level: "INFO",
  role: "manager",
  pid: 7,
  message: "elected",
  fields: { term: "12", note: "two words", password: "hunter2", empty: "" },
};

Deno.test("a text line has time, level, role, pid, message and key=value", () => {
  assertEquals(
    formatText(entry),
    '2026-01-02T03:04:05.678Z INFO  manager[7] elected term=12 note="two words" ' +
      'password=[secret] empty=""',
  );
});

Deno.test("a record is one line whatever its values hold", () => {
  const hostile = { ...entry, message: "a\nb", fields: { x: 'c\nd"e', y: { z: "f\ng" } } };
  assert(!formatText(hostile).includes("\n"));
  assert(!formatJson(hostile).includes("\n"));
});

Deno.test("a record holds nothing that a terminal acts on, and JSON stays JSON", () => {
  const text = "a\u001b[2J\u009b31m\u202e\u2028z";
  const hostile = { ...entry, role: text, message: text, fields: { [text]: text, y: { z: text } } };
  // deno-lint-ignore no-control-regex
  const acted = /[\u0000-\u001f\u007f-\u009f\u2028\u202e]/;
  assert(!acted.test(formatText(hostile)), formatText(hostile));
  assert(!acted.test(formatJson(hostile)));
  assertEquals(JSON.parse(formatJson(hostile)), hostile);
});

Deno.test("no name and no value can be taken for another field, or fill the log", () => {
  const fields = { "x=1 level": "ERROR", 'q"': "v", plain: "a=b", "two words": 1 };
  assertEquals(
    formatText({ ...entry, fields }).split(" elected ")[1],
    `"x=1 level"=ERROR "q\\""=v plain="a=b" "two words"=1`,
  );
  for (const name of HOSTILE_NAMES) {
    const text = formatText({ ...entry, message: name, fields: { name } });
    assert(!ACTED_ON.test(text) && !text.includes("\n") && text.length < 10_000, text);
    const json = formatJson({ ...entry, message: name, fields: { name } });
    assert(!ACTED_ON.test(json) && json.length < 10_000);
  }
});

Deno.test("secrets are written in no format, nested or not", () => {
  const fields = { auth: { os_password: "hunter2", token: "hunter2" }, privateKey: "hunter2" };
  assert(!formatText({ ...entry, fields }).includes("hunter2"));
  assert(!formatJson({ ...entry, fields }).includes("hunter2"));
});

Deno.test("an error is told with its causes and without a stack", () => {
  const error = new Error("cannot sync", { cause: new TypeError("bad\n  page") });
  assertEquals(describeError(error), "cannot sync: TypeError: bad page");
  assertEquals(describeError(error, false), "cannot sync: bad page");
});

Deno.test("records below the level are dropped", () => {
  const lines: string[] = [];
  const log = setupLogging({
    role: "t",
    pid: 1,
    level: "warn",
    format: "json",
    write: (line) => lines.push(line),
  });
  log.info("no");
  log.warn("yes", { error: new Error("boom") });
  assertEquals(lines.length, 1);
  assertMatch(lines[0]!, /"message":"yes","fields":\{"error":"boom"\}/);
  assert(!passes("DEBUG", "info"));
  assert(passes("WARN", "info"));
});
