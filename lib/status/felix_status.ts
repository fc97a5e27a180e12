/**
 * What Felix writes to etcd (data model, "Felix status"). A key or value of another shape gives null or
 * ERROR, never an exception. Pure.
 *
 * @module
 */
import { z } from "zod";
import { parseJson } from "../base/json.ts";

export { felixPrefix } from "../calico/keys.ts";

/** The host in the key of an agent's status, or null for another key. */
export function agentHost(key: string, prefix: string): string | null {
  const rest = key.slice(prefix.length).split("/");
  return key.startsWith(prefix) && rest.length === 2 && rest[1] === "status" && rest[0] !== ""
    ? rest[0]!
    : null;
}

/** An endpoint as its status key names it. */
export interface EndpointId {
  readonly host: string;
  /** Nova's server id, out of `<namespace>%2f<device>`; empty when the key has another form. */
  readonly device: string;
  /** Neutron's port id. */
  readonly port: string;
}

/** The endpoint in a status key, or null for another key. */
export function endpointId(key: string, prefix: string): EndpointId | null {
  if (!key.startsWith(prefix)) return null;
  const [host, w, orchestrator, workload, e, port, ...more] = key.slice(prefix.length).split("/");
  if (w !== "workload" || orchestrator !== "openstack" || e !== "endpoint") return null;
  if (!host || !workload || !port || more.length > 0) return null;
  return { host, device: /%2f(.+)$/i.exec(workload)?.[1] ?? "", port };
}

/** The keys under which Felix may report an endpoint. */
export function endpointKeys(prefix: string, namespace: string, id: EndpointId): string[] {
  return ["%2F", "%2f"].map((slash) =>
    `${prefix}${id.host}/workload/openstack/${namespace}${slash}${id.device}/endpoint/${id.port}`
  );
}

const statusSchema = z.object({
  time: z.unknown().optional(),
  uptime: z.number().nullable().catch(null).default(null),
  first_update: z.boolean().catch(false).default(false),
});
const timeSchema = z.iso.datetime({ offset: true, local: true });

/** An agent's status. */
export interface AgentStatus {
  /** Milliseconds since the epoch, by the host's clock; null when it cannot be read. */
  readonly time: number | null;
  readonly uptimeSeconds: number | null;
  readonly firstUpdate: boolean;
}

const decoder = new TextDecoder();

/** A time in RFC 3339; one without a zone is UTC, as everything that Felix writes. */
function parseTime(value: unknown): number | null {
  const text = timeSchema.safeParse(value);
  if (!text.success) return null;
  const zone = /(?:Z|[+-]\d\d:?\d\d)$/i.test(text.data);
  const ms = Date.parse(zone ? text.data : `${text.data}Z`);
  return Number.isFinite(ms) ? ms : null;
}

/** The agent's status in a value, or null when it is no JSON object. */
export function parseAgentStatus(value: Uint8Array): AgentStatus | null {
  const parsed = statusSchema.safeParse(parseJson(decoder.decode(value)));
  if (!parsed.success) return null;
  const { time, uptime, first_update } = parsed.data;
  return { time: parseTime(time), uptimeSeconds: uptime, firstUpdate: first_update };
}

/** A port's status in Neutron's words. */
export type PortStatus = "ACTIVE" | "DOWN" | "ERROR";

const PORT_STATUS: ReadonlyMap<unknown, PortStatus> = new Map<unknown, PortStatus>([
  ["up", "ACTIVE"],
  ["down", "DOWN"],
  ["error", "ERROR"],
]);

/** The port status in a value; ERROR for a deleted key (null), bad JSON, an unknown word or none. */
export function parsePortStatus(value: Uint8Array | null): PortStatus {
  const parsed = value === null ? undefined : parseJson(decoder.decode(value));
  if (typeof parsed !== "object" || parsed === null) return "ERROR";
  return PORT_STATUS.get((parsed as { status?: unknown }).status) ?? "ERROR";
}
