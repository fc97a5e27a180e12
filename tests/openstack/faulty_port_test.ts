/**
 * Ports that Felix reports in error: Neutron shows that as `data_plane_status`, and only a report takes it away
 * again, also when it was left by whoever led before, or set by somebody else.
 */
import { eventually } from "../support/assert.ts";
import { Bed } from "./support/bed.ts";
import { Conductor } from "./support/conductor.ts";
import { Felixes } from "./support/felix.ts";
import { Scenery } from "./support/scenery.ts";

/** grpc-js keeps the deadline timer of a cancelled stream until it would have ended. */
const GRPC = { sanitizeOps: false, sanitizeResources: false };
const HOST = "faulty-1";
/** Who may set the attribute; the service user of least rights may not. */
const USER = { username: "admin", password: "admin", project: "admin" };

Deno.test(
  "a port in error is called faulty in Neutron, and no longer when it is well",
  GRPC,
  async (t) => {
    const bed = await Bed.open();
    const { neutron } = bed;
    await using conductor = await Conductor.create(bed, {
      user: USER,
      args: ["--neutron-budget=0", "--incremental-interval=2", "--resync-interval=3600"],
    });
    await using felixes = await Felixes.start(conductor.etcd, [HOST]);
    await felixes.alive(bed);
    await using scenery = await Scenery.create(bed, "faulty", 239);
    const port = await scenery.port(HOST);
    const says = (status: "up" | "error") =>
      felixes.endpoint(HOST, port.device_id, port.id, status);
    const shows = async (status: string, dataPlane: string | null) => {
      let seen: unknown;
      await eventually(
        `${status}, data plane ${dataPlane}`,
        async () => {
          const { port: now } = await neutron.get(`ports/${port.id}`);
          seen = [now.status, now.data_plane_status];
          return now.status === status && now.data_plane_status === dataPlane;
        },
        30_000,
        200,
      ).catch((error) => {
        throw new Error(
          `${error.message}: it shows ${seen}\n${conductor.node.output.slice(-3000)}`,
        );
      });
    };
    const callFaulty = () =>
      neutron.request("PUT", `ports/${port.id}`, { port: { data_plane_status: "DOWN" } });

    await t.step("in error, and well again", async () => {
      await says("up");
      await shows("ACTIVE", null);
      await says("error");
      await shows("DOWN", "DOWN");
      await says("up");
      await shows("ACTIVE", "ACTIVE");
    });

    await t.step("while it leads, somebody calls it faulty", async () => {
      await callFaulty();
      await shows("ACTIVE", "ACTIVE");
    });

    await t.step("nobody led when it became well", async () => {
      await conductor.node.stop();
      await callFaulty();
      await conductor.start();
      await shows("ACTIVE", "ACTIVE");
      await eventually(
        "all are compared, and none differs",
        async () => {
          const ports = (await conductor.node.status())?.ports;
          return ports?.comparison?.is === "compared" && ports.differing === 0;
        },
        30_000,
        200,
      );
    });
  },
);
