import { toldOf } from "../../bench/lab_bus.ts";
import { addHints, Hints } from "../../lib/sync/sources/notification.ts";
import { assertEquals } from "../support/assert.ts";

const ID = "7d1f0a4c-52b3-4e0e-9a3c-0f6d2b8e4a11";

/** What the product makes of it. */
function hinted(message: string, fields: Record<string, string>): Hints {
  const { event_type, payload } = toldOf(message, fields)!;
  const hints = new Hints();
  addHints(hints, { type: event_type, payload }, () => true);
  return hints;
}

Deno.test("what a lab says becomes the notification that the product understands", () => {
  const ports = ["a VM comes", "a VM goes", "a VM migrates"];
  for (const what of ports) {
    const hints = hinted(`lab: ${what}`, { port: ID, host: "host-1" });
    assertEquals([...hints.changed.ports], [ID]);
    assertEquals(hints.deleted.has(ID), what === "a VM goes");
  }
  const hints = hinted("lab: a security group changes", { group: ID });
  assertEquals([...hints.changed["security-groups"]], [ID]);
});

Deno.test("of an endpoint's status, and of what else it says, Neutron publishes nothing", () => {
  assertEquals(toldOf("lab: an endpoint fails", { port: ID }), null);
  assertEquals(toldOf("lab cloud is up", {}), null);
});
