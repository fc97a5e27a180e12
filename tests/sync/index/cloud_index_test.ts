import type { Port } from "../../../lib/openstack/records.ts";
import { endpointName, resourcePrefixes } from "../../../lib/calico/keys.ts";
import { CloudIndex } from "../../../lib/sync/index/cloud_index.ts";
import { assert, assertEquals } from "../../support/assert.ts";

const { WorkloadEndpoint } = resourcePrefixes(null);

interface Known {
  readonly port: Port;
  readonly key: string;
}

function somePorts(count: number): Known[] {
  return Array.from({ length: count }, (_, i) => {
    const id = crypto.randomUUID();
    const port = { id, revision_number: i, qos_policy_id: null } as unknown as Port;
    const name = endpointName(`host-${i % 50}`, crypto.randomUUID(), id);
    return { port, key: WorkloadEndpoint + name };
  });
}

/** As a full resync fills it. */
function fill(index: CloudIndex, ports: readonly Known[]): CloudIndex {
  for (const [i, { port, key }] of ports.entries()) {
    index.seen("WorkloadEndpoint", key, String(i + 1), port.id);
    index.notePort(port);
    const subject = { type: "port", id: port.id } as const;
    index.compared(
      { kind: "WorkloadEndpoint", key, subject },
      index.keys.WorkloadEndpoint.find(key),
      String(i + 1),
      true,
    );
  }
  return index;
}

Deno.test("an index made beside another takes a third of it, and neither sees the other's changes", () => {
  const ports = somePorts(5000);
  const [gone, moved] = [ports[0]!, ports[1]!];
  const before = fill(new CloudIndex(null), ports);
  const now = new CloudIndex(null, { beside: before });
  assertEquals(now.ports.keysOf(moved.port.id), []);
  fill(now, ports.slice(1));
  assert(now.ownBytes < before.packedBytes / 3, `${now.ownBytes} of ${before.packedBytes}`);
  // While the full resync runs, events work on the one of before.
  const key = WorkloadEndpoint + endpointName("elsewhere", crypto.randomUUID(), moved.port.id);
  before.ports.dropKey(moved.port.id, moved.key);
  before.addKey(moved.port.id, key);
  before.notePort({ ...moved.port, revision_number: 99 });
  assertEquals(now.ports.keysOf(moved.port.id), [moved.key]);
  assertEquals(now.revisions.ports.get(moved.port.id), 1);
  assertEquals(now.revisions.ports.get(gone.port.id), undefined);
  assertEquals(before.ports.keysOf(moved.port.id), [key]);
  assertEquals(before.revisions.ports.get(moved.port.id), 99);
  assertEquals(before.ports.keysOf(gone.port.id), [gone.key]);
  // It has taken the place of the other.
  before.close();
  assertEquals([...now.ports.keys()].length, ports.length - 1);
  assertEquals(now.ports.keysOf(moved.port.id), [moved.key]);
  assertEquals([...before.ports.keys()], []);
});

Deno.test("a full resync that fails leaves the index of before as it was, and nothing behind", () => {
  const ports = somePorts(2000);
  const before = fill(new CloudIndex(null), ports);
  const bytes = before.packedBytes;
  for (let i = 0; i < 30; i++) {
    const failed = new CloudIndex(null, { beside: before });
    fill(failed, [...ports.slice(0, 1500), ...somePorts(20)]);
    failed.close();
  }
  assert(before.packedBytes < 1.1 * bytes, `${before.packedBytes} after ${bytes}`);
  for (const { port, key } of ports) {
    assertEquals(before.ports.keysOf(port.id), [key]);
    assertEquals(before.revisions.ports.get(port.id), port.revision_number);
  }
});
