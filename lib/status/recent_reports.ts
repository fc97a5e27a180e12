/** The last reports of ports, in short, for the page. @module */
import type { Clock } from "../base/clock.ts";
import type { Ports } from "../state/records.ts";
import { clipNames } from "./names.ts";
import { type PortUpdate, toldStatus } from "./reporter.ts";

const RECENT = 50;
/** Keeps them. */
export class RecentReports {
  /** The newest first. */
  readonly list: Ports["recent"] = [];

  constructor(readonly clock: Clock) {}

  /** `reported`: Neutron has taken it. */
  add({ host, port, status, gone }: PortUpdate, reported: boolean): void {
    const at = this.clock.now();
    this.list.unshift({
      at,
      ...clipNames({ host, port }),
      status,
      told: toldStatus(status),
      gone,
      reported,
    });
    this.list.length = Math.min(this.list.length, RECENT);
  }
}
