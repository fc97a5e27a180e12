import { addHints, decodeNotification, Hints } from "../../../lib/sync/sources/notification.ts";
import { assertEquals } from "../../support/assert.ts";

Deno.test("an event type with a name that each object has by birth concerns nothing", () => {
  const names = [...Object.getOwnPropertyNames(Object.prototype), "prototype", "length", ""];
  for (const name of names) {
    for (const action of ["create", "update", "delete"]) {
      const message = { event_type: `${name}.${action}.end`, payload: {} };
      const text = JSON.stringify({ "oslo.message": JSON.stringify(message) });
      const notification = decodeNotification(new TextEncoder().encode(text))!;
      const hints = new Hints();
      assertEquals(addHints(hints, notification, () => true), false, name);
      assertEquals([hints.size, hints.deleted.size], [0, 0], name);
    }
  }
});
