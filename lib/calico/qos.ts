/**
 * QoS policy and options → `qosControls` (data model, "WorkloadEndpoint"), clamped to Calico's ranges.
 *
 * @module
 */
import type { QosPolicy } from "../openstack/records.ts";

const BURST_BITS = 4294967296;
const BURST_PACKETS = 5;
const DEFAULT = {
  /** Burst of a limited bandwidth, bits. */
  burstBits: BURST_BITS,
  /** Smallest burst at the peak rate, bytes. */
  minburstBytes: 0,
  /** Burst of a limited packet rate, packets. */
  burstPackets: BURST_PACKETS,
  /** Connections that one port may have, whatever its policy. */
  maxConnections: 0,
};
/** What Neutron's rules cannot say, for one direction; 0 is "not set". */
export type QosDirectionOptions = Readonly<typeof DEFAULT>;
/** Both directions. */
export type QosOptions = Readonly<Record<"ingress" | "egress", QosDirectionOptions>>;
/** As networking-calico has them. */
export const DEFAULT_QOS: QosOptions = { ingress: DEFAULT, egress: DEFAULT };

/** The least and the most that Calico takes. */
const RANGES = {
  Bandwidth: [1000, 1e15],
  Burst: [1000, 34359738360],
  Peakrate: [1010, 1.01e15],
  Minburst: [1000, 1e8],
  PacketRate: [1, 1e4],
  PacketBurst: [1, 1e4],
  MaxConnections: [1, 4294967295],
} as const;

/** The controls of a port with that policy; empty when nothing is limited. */
export function qosControls(
  policy: Pick<QosPolicy, "rules"> | undefined,
  options: QosOptions = DEFAULT_QOS,
): Record<string, number> {
  const { ingress, egress } = options;
  // So it is of most ports.
  if (!policy?.rules.length && !ingress.maxConnections && !egress.maxConnections) return {};
  const controls: Record<string, number> = {};
  const set = (direction: string, name: keyof typeof RANGES, value?: number | null) => {
    const [min, max] = RANGES[name];
    if (value) controls[direction + name] = Math.min(max, Math.max(min, value));
  };
  for (const { type, direction, max_kbps, max_burst_kbps, max_kpps } of policy?.rules ?? []) {
    if (type === "bandwidth_limit") {
      set(direction, "Bandwidth", max_kbps && max_kbps * 1000);
      set(direction, "Peakrate", max_burst_kbps && max_burst_kbps * 1000);
    }
    if (type === "packet_rate_limit") set(direction, "PacketRate", max_kpps && max_kpps * 1000);
  }
  // What goes with the limits that there are.
  for (const direction of ["ingress", "egress"] as const) {
    const { burstBits, minburstBytes, burstPackets, maxConnections } = options[direction];
    const has = (name: keyof typeof RANGES) => direction + name in controls;
    if (has("Bandwidth")) set(direction, "Burst", burstBits || BURST_BITS);
    if (has("Bandwidth") && has("Peakrate")) set(direction, "Minburst", minburstBytes);
    if (has("PacketRate")) set(direction, "PacketBurst", burstPackets || BURST_PACKETS);
    set(direction, "MaxConnections", maxConnections);
  }
  return controls;
}
