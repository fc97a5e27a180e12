/** QoS policy → `qosControls` (data model, "WorkloadEndpoint"), clamped to Calico's ranges. @module */
import type { QosPolicy } from "../openstack/records.ts";

function clamp(value: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, value));
}

/** The controls of one policy; empty when it limits nothing. */
export function qosControls(policy: Pick<QosPolicy, "rules"> | undefined): Record<string, number> {
  const controls: Record<string, number> = {};
  for (const rule of policy?.rules ?? []) {
    const set = (name: string, value: number, min: number, max: number) => {
      controls[`${rule.direction}${name}`] = clamp(value, min, max);
    };
    if (rule.type === "bandwidth_limit") {
      if (rule.max_kbps) {
        set("Bandwidth", rule.max_kbps * 1000, 1000, 1e15);
        set("Burst", 4294967296, 1000, 34359738360);
      }
      if (rule.max_burst_kbps) set("Peakrate", rule.max_burst_kbps * 1000, 1010, 1.01e15);
    }
    if (rule.type === "packet_rate_limit" && rule.max_kpps) {
      set("PacketRate", rule.max_kpps * 1000, 1, 1e4);
      set("PacketBurst", 5, 1, 1e4);
    }
  }
  return controls;
}
