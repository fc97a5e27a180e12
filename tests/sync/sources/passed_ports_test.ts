import type { PortSeen } from "../../../lib/openstack/records.ts";
import type { ResyncDeps } from "../../../lib/sync/apply/sync_run.ts";
import { incrementalResync } from "../../../lib/sync/sources/incremental.ts";
import { assertEquals } from "../../support/assert.ts";
import { withCloud } from "../scene.ts";

const byId = (a: { id: string }, b: { id: string }) => a.id < b.id ? -1 : 1;

Deno.test("an incremental run tells how every port is, also of those whose revision is the same", () =>
  withCloud(async ({ cloud, deps, resync, run, requests }) => {
    const { index } = await resync();
    const seen: PortSeen[] = [];
    const ends: number[] = [];
    const listener: Pick<ResyncDeps, "onPorts" | "onPortsEnd"> = {
      onPorts: (ports) => void seen.push(...ports),
      onPortsEnd: (startedAt) => void ends.push(startedAt),
    };
    Object.assign(deps, listener);
    const [silent, changed] = cloud.vmPorts();
    silent!.status = "DOWN";
    silent!.data_plane_status = "DOWN";
    cloud.change("ports", changed!.id, { name: "another" });
    requests.length = 0;
    await incrementalResync(run(index));
    const all = cloud.list("ports").map((port) => ({
      id: port.id,
      status: String(port.status),
      host: String(port["binding:host_id"] ?? ""),
      isFaulty: port.id === silent!.id ? true : null,
    }));
    assertEquals(seen.toSorted(byId), all.toSorted(byId));
    assertEquals(ends.length, 1);
    const lists = requests.filter(({ pathname, searchParams }) =>
      pathname.endsWith("/ports") && !searchParams.has("id")
    );
    for (const { searchParams } of lists) {
      const fields = ["id", "revision_number", "status", "binding:host_id", "data_plane_status"];
      assertEquals(searchParams.getAll("fields"), fields);
    }
  }));
