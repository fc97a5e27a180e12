import { systemClock } from "../../lib/base/clock.ts";
import { assertEquals, eventually } from "../support/assert.ts";
import { withNode } from "./node_scene.ts";

/** grpc-js keeps timers of calls that were cut off. */
const GRPC = { sanitizeOps: false, sanitizeResources: false };
const HOUR_MS = 3_600_000;

/** How the key of a port's endpoint ends. */
const endOf = (port: string) => port.replaceAll("-", "--");

for (const [what, stepMs] of [["back", -10 * HOUR_MS], ["forth", 10 * HOUR_MS]] as const) {
  Deno.test(
    `the machine's clock is set ${what}: what is due by the intervals stays due when it was`,
    GRPC,
    () => {
      const intervals = { resyncIntervalSeconds: 3600, incrementalIntervalSeconds: 1 };
      return withNode(intervals, async ({ lead, elect, job, cloud, meddle, everything, log }) => {
        let steppedMs = 0;
        const clock = { ...systemClock, now: () => systemClock.now() + steppedMs };
        Object.assign(job, { clock });
        const lists = { full: 0, quick: 0 };
        meddle(({ pathname, searchParams }) => {
          if (!pathname.endsWith("/ports") || searchParams.has("id")) return;
          lists[searchParams.getAll("fields").includes("security_groups") ? "full" : "quick"]++;
        });
        await lead(await elect());
        /** A change that nobody announces arrives in etcd. */
        const arrives = async (number: number) => {
          const { id } = cloud.vmPorts()[number]!;
          cloud.change("ports", id, { security_groups: [] });
          const has = async () => {
            const [, value] = Object.entries(await everything())
              .find(([key]) => key.includes("/workloadendpoints/") && key.endsWith(endOf(id)))!;
            return !value.includes("sg.projectcalico.org");
          };
          await eventually("the change is in etcd", has);
        };
        await eventually("all is compared once", () => Promise.resolve(lists.quick > 0));
        await arrives(0);
        const { full } = lists;
        steppedMs = stepMs;
        for (const number of [1, 2]) await arrives(number);
        assertEquals(lists.full, full, "no resync of all is due");
        assertEquals(log.records.filter(({ level }) => level === "error"), []);
      });
    },
  );
}
