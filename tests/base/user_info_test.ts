import { assertEquals } from "../support/assert.ts";
import { withoutUserInfo } from "../../lib/base/user_info.ts";

const CASES: readonly (readonly [text: string, shown: string])[] = [
  ["http://10.0.0.1:2379", "http://10.0.0.1:2379"],
  ["no answer of http://me:word@a:1/x", "no answer of http://(secret)@a:1/x"],
  ["http://me@a, https://me:wo@rd@b", "http://(secret)@a, https://(secret)@b"],
  ['fetch of "https://me:word@a"', 'fetch of "https://(secret)@a"'],
  ["me:wo/rd@a:1", "(secret)@a:1"],
  ["http:/me:word@a", "http:/(secret)@a"],
  ["http:\\\\me:word@a", "http:\\\\(secret)@a"],
  ["a:1,http://me:word@b:1", "a:1,http://(secret)@b:1"],
  ["user neutron@example is not allowed", "user neutron@example is not allowed"],
];
for (const [text, shown] of CASES) {
  Deno.test(`what is shown of ${text}`, () => assertEquals(withoutUserInfo(text), shown));
}

Deno.test("the mark may be empty, and long text costs no time", () => {
  assertEquals(withoutUserInfo("http://me:word@a:1", ""), "http://a:1");
  assertEquals(withoutUserInfo("/".repeat(200_000) + "@").length, 200_001);
  assertEquals(withoutUserInfo("a:/".repeat(70_000) + "@x"), "a:/(secret)@x");
});
