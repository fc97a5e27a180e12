import { parseSystemUser, readSystemUser } from "../../lib/process/system_user.ts";
import { assertEquals } from "../support/assert.ts";

Deno.test("the user is who the kernel says, whatever the environment says", async () => {
  Deno.env.set("USER", "somebody-else");
  const { uid, name } = await readSystemUser();
  assertEquals(uid, Deno.uid());
  assertEquals(name === "somebody-else", false);
});

const TOLD: [string, string, ReturnType<typeof parseSystemUser>][] = [
  ["a user with a name", "1000\nalice\n4294967295\n\n", { uid: 1000, name: "alice", login: null }],
  ["who has logged in", "1000\nalice\n1000\nalice\n", { uid: 1000, name: "alice", login: null }],
  ["sudo", "0\nroot\n1000\nalice\n", {
    uid: 0,
    name: "root",
    login: { uid: 1000, name: "alice" },
  }],
  ["no names, as in a container", "65532\n\n\n\n", { uid: 65532, name: null, login: null }],
  ["nothing", "", { uid: null, name: null, login: null }],
  ["something else", "usage: id\n", { uid: null, name: null, login: null }],
];
for (const [what, text, user] of TOLD) {
  Deno.test(`what the system tells of the user: ${what}`, () =>
    assertEquals(parseSystemUser(text), user));
}
