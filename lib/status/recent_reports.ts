/** The last reports of ports, in short, for the page. @module */
import { clip } from "../base/clip.ts";
import type { Clock } from "../base/clock.ts";
import type { Ports } from "../state/records.ts";
import { type PortUpdate, toldStatus } from "./reporter.ts";

const RECENT = 50;
/** What is longer is no name of a host or port. */
const MAX_NAME = 253;

/** Keeps them. */
export class RecentReports {
  /** The newest first. */
  readonly list: Ports["recent"] = [];

  constructor(readonly clock: Clock) {}

  /** `reported`: Neutron has taken it. */
  add({ host, port, status, gone }: PortUpdate, reported: boolean): void {
    const names = { host: clip(host, MAX_NAME), port: clip(port, MAX_NAME) };
    const at = this.clock.now();
    this.list.unshift({ at, ...names, status, told: toldStatus(status), gone, reported });
    this.list.length = Math.min(this.list.length, RECENT);
  }
}
