/** docs/compatibility.md says how RabbitMQ behaves, version by version: every row is asked of the broker. @module */
import { assertEquals } from "../support/assert.ts";
import { behavioursTable, cellFor } from "../support/behaviours_table.ts";
import { VERSION } from "../support/rabbit_server.ts";
import { askAll } from "./behaviours.ts";

/** amqplib keeps sockets and timers for a moment. */
const SOCKETS = { sanitizeOps: false, sanitizeResources: false };

Deno.test("RabbitMQ behaves as docs/compatibility.md says of its version", SOCKETS, async () => {
  const { rows, tried } = await behavioursTable("RabbitMQ");
  const found = await askAll();
  const said = [...rows].map(([name, cell]) => [name, cellFor(cell, VERSION, tried)] as const);
  assertEquals([...found], said.map(([name, cell]) => [name, cell]));
});
