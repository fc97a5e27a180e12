import { Child } from "../../bench/child.ts";
import { Inspected } from "../../bench/heap.ts";
import { freePort } from "../support/etcd_server.ts";
import { assert } from "../support/assert.ts";

// A connection of the inspector's outlives its close for a moment.
const SOCKET = { sanitizeOps: false, sanitizeResources: false };

Deno.test("heap: what lives is seen, garbage and code are not", SOCKET, async () => {
  const port = freePort();
  await using child = new Child("../tests/bench/heap_child.ts", [], [
    `--inspect=127.0.0.1:${port}`,
  ]);
  await child.next();
  const inspected = await Inspected.connect(port);
  try {
    const before = await inspected.dataBytes();
    await child.ask("garbage");
    const after = await inspected.dataBytes();
    assert(Math.abs(after - before) < 200_000, `garbage: ${after - before}`);
    await child.ask("keep");
    const kept = await inspected.dataBytes() - after;
    assert(kept > 2_000_000 && kept < 6_000_000, `kept: ${kept}`);
  } finally {
    inspected[Symbol.dispose]();
  }
});
