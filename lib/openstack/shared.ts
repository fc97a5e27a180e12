/**
 * What clients of Neutron have in common: all those of one configuration the gate, the views of one client the
 * extensions.
 *
 * @module
 */
import type { Meter } from "../metrics/meter.ts";
import type { OpenstackConfig } from "./config.ts";
import { Extensions } from "./extensions.ts";
import { RequestGate } from "./request_gate.ts";

/** What the views of one client have in common. */
export interface Shared {
  extensions: Extensions;
  readonly gate: RequestGate;
}

interface MeasuredGate {
  readonly gate: RequestGate;
  meter: Pick<Meter, "add"> | undefined;
}

/** All clients of a process that have one configuration go through one gate. */
const gates = new WeakMap<OpenstackConfig, MeasuredGate>();

/** Of a client to be made; `meter` counts how many requests are under way, and why fewer may be. */
export function newShared(config: OpenstackConfig, meter?: Pick<Meter, "add">): Shared {
  let known = gates.get(config);
  if (!known) {
    const gate = new RequestGate(config.neutronParallel, {
      onDown: (reason) => measured.meter?.add("neutron_slowdowns", 1, { reason }),
      onSend: (underWay) => measured.meter?.add("neutron_requests_under_way", underWay, {}),
    });
    const measured: MeasuredGate = { gate, meter };
    gates.set(config, known = measured);
  }
  known.meter ??= meter;
  return { extensions: new Extensions(null), gate: known.gate };
}
