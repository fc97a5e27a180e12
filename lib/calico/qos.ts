/**
 * QoS policy and options → `qosControls` (data model, "WorkloadEndpoint"), clamped to Calico's ranges.
 *
 * @module
 */
import type { QosPolicy } from "../openstack/records.ts";

/** What Neutron's rules cannot say, for one direction; 0 is "not set". */
export interface QosDirectionOptions {
  /** Burst of a limited bandwidth, bits. */
  readonly burstBits: number;
  /** Smallest burst at the peak rate, bytes. */
  readonly minburstBytes: number;
  /** Burst of a limited packet rate, packets. */
  readonly burstPackets: number;
  /** Connections that one port may have, whatever its policy. */
  readonly maxConnections: number;
}
/** Both directions. */
export interface QosOptions {
  readonly ingress: QosDirectionOptions;
  readonly egress: QosDirectionOptions;
}

const BURST_BITS = 4294967296;
const BURST_PACKETS = 5;
const DEFAULT = {
  burstBits: BURST_BITS,
  minburstBytes: 0,
  burstPackets: BURST_PACKETS,
  maxConnections: 0,
};
/** As networking-calico has them. */
export const DEFAULT_QOS: QosOptions = { ingress: DEFAULT, egress: DEFAULT };
const DIRECTIONS = ["ingress", "egress"] as const;

function clamp(value: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, value));
}

/** The controls of a port with that policy; empty when nothing is limited. */
export function qosControls(
  policy: Pick<QosPolicy, "rules"> | undefined,
  options: QosOptions = DEFAULT_QOS,
): Record<string, number> {
  const controls: Record<string, number> = {};
  for (const { type, direction, max_kbps, max_burst_kbps, max_kpps } of policy?.rules ?? []) {
    const set = (name: string, value: number, min: number, max: number) => {
      controls[`${direction}${name}`] = clamp(value, min, max);
    };
    if (type === "bandwidth_limit") {
      if (max_kbps) set("Bandwidth", max_kbps * 1000, 1000, 1e15);
      if (max_burst_kbps) set("Peakrate", max_burst_kbps * 1000, 1010, 1.01e15);
    }
    if (type === "packet_rate_limit" && max_kpps) set("PacketRate", max_kpps * 1000, 1, 1e4);
  }
  for (const direction of DIRECTIONS) addOptions(controls, direction, options[direction]);
  return controls;
}

/** What goes with the limits that there are. */
function addOptions(
  controls: Record<string, number>,
  direction: typeof DIRECTIONS[number],
  { burstBits, minburstBytes, burstPackets, maxConnections }: QosDirectionOptions,
): void {
  const has = (name: string) => `${direction}${name}` in controls;
  const set = (name: string, value: number, min: number, max: number) => {
    controls[`${direction}${name}`] = clamp(value, min, max);
  };
  if (has("Bandwidth")) {
    set("Burst", burstBits || BURST_BITS, 1000, 34359738360);
    if (minburstBytes && has("Peakrate")) set("Minburst", minburstBytes, 1000, 1e8);
  }
  if (has("PacketRate")) set("PacketBurst", burstPackets || BURST_PACKETS, 1, 1e4);
  if (maxConnections) set("MaxConnections", maxConnections, 1, 4294967295);
}
