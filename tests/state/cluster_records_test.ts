import { registrationSchema } from "../../lib/state/records.ts";
import { assertEquals } from "../support/assert.ts";

Deno.test("a node whose roles are no list is no record of a node, whatever they are", () => {
  const node = { name: "n", version: "1", since: 1, diagnostics: "127.0.0.1:1" };
  const read = (roles: unknown) => registrationSchema.safeParse({ ...node, roles }).success;
  assertEquals(read(["manager"]), true);
  for (const roles of [{ length: { toString: 1 } }, { length: 1 }, "manager", null]) {
    assertEquals(read(roles), false, JSON.stringify(roles));
  }
  assertEquals(read(Array(21).fill("x")), false);
});
