/** Things that happen in the lab: VMs come, go, migrate and fail; rules change. @module */
import type { Clock } from "../lib/base/clock.ts";
import type { Log } from "../lib/base/log.ts";
import type { Felixes } from "./felix.ts";
import type { Cloud } from "./model.ts";
import type { Watchdog } from "../lib/role/heartbeat.ts";
import type { Random } from "./random.ts";
import { addVmPort, makeRule } from "./seed.ts";

const MAX_EXTRA = 10_000;
/** Longest time that one thing takes to happen, ms. */
const LATE_MS = 30_000;

/** What may happen. */
export const HAPPENINGS = ["comes", "goes", "migrates", "fails", "recovers", "rule"] as const;
export type Happening = typeof HAPPENINGS[number];

/** Draws one thing after another and makes it happen. */
export class Scenario {
  #number = 1000;
  readonly #failed: string[] = [];

  constructor(
    readonly cloud: Cloud,
    readonly random: Random,
    readonly felixes: Pick<Felixes, "setEndpoint">,
    readonly log: Log,
  ) {}

  /** Makes one thing happen each `intervalMs` until the signal aborts; 0: nothing. */
  async run(
    intervalMs: number,
    clock: Clock,
    signal: AbortSignal,
    watchdog?: Watchdog,
  ): Promise<void> {
    if (intervalMs === 0) return;
    while (!signal.aborted) {
      watchdog?.within(intervalMs + LATE_MS);
      await clock.sleep(intervalMs, signal).catch(() => {});
      if (signal.aborted) return;
      const happening = this.random.pick(HAPPENINGS);
      await this.happen(happening).catch((error) => {
        this.log.warn("a lab event failed", { happening, error });
      });
    }
  }

  /** Makes one thing happen. */
  async happen(happening: Happening): Promise<void> {
    const { cloud, random, felixes, log } = this;
    const ports = cloud.vmPorts().filter((port) => port["binding:host_id"]);
    const port = ports.length > 0 ? random.pick(ports) : undefined;
    switch (happening) {
      case "comes": {
        if (ports.length > MAX_EXTRA) return;
        const added = addVmPort(cloud, random, this.#number++);
        return log.info("lab: a VM comes", { port: added.id, host: added["binding:host_id"] });
      }
      case "goes":
        if (!port) return;
        cloud.remove("ports", port.id);
        return log.info("lab: a VM goes", { port: port.id });
      case "migrates": {
        const targets = cloud.hosts.filter((host) => host !== port?.["binding:host_id"]);
        if (!port || targets.length === 0) return;
        const migrating_to = random.pick(targets);
        cloud.change("ports", port.id, { "binding:profile": { migrating_to } });
        return log.info("lab: a VM migrates", { port: port.id, to: migrating_to });
      }
      case "fails":
        if (!port) return;
        this.#failed.push(port.id);
        await felixes.setEndpoint(port.id, random.pick(["down", "error"] as const));
        return log.info("lab: an endpoint fails", { port: port.id });
      case "recovers": {
        const recovered = this.#failed.shift();
        if (!recovered) return;
        await felixes.setEndpoint(recovered, "up");
        return log.info("lab: an endpoint recovers", { port: recovered });
      }
      case "rule": {
        const group = random.pick(cloud.list("security_groups"));
        const number = 1024 + random.below(60_000);
        const rule = makeRule(random, group, {
          protocol: "tcp",
          port_range_min: number,
          port_range_max: number,
          remote_ip_prefix: "192.0.2.0/24",
        });
        const rules = [...group.security_group_rules as unknown[], rule].slice(-12);
        cloud.change("security_groups", group.id, { security_group_rules: rules });
        return log.info("lab: a security group changes", { group: group.id });
      }
    }
  }
}
