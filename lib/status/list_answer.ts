/**
 * The answer to `update_device_list` (Neutron's `RpcCallbacks`): the ports that were taken and those that failed,
 * each by name. Pure.
 *
 * @module
 */
import { z } from "zod";
import type { PortUpdate } from "./reporter.ts";
import { UnclearError } from "./work_queue.ts";

const failedSchema = z.array(z.string()).default([]);
/** Neutron names a port that is up by its id, and one that is down with more about it. */
const takenSchema = z.array(
  z.union([
    z.string(),
    z.object({ device: z.string() }).transform(({ device }) => device),
    z.unknown().transform(() => null), // names nothing
  ]),
).default([]);
const answerSchema = z.object({
  devices_up: takenSchema,
  devices_down: takenSchema,
  failed_devices_up: failedSchema,
  failed_devices_down: failedSchema,
});

/**
 * The errors of the ports that were not taken, of one that the answer does not name an {@linkcode UnclearError};
 * null when it is no such answer.
 */
export function notTaken(
  answer: unknown,
  updates: readonly Pick<PortUpdate, "port">[],
): Map<string, unknown> | null {
  const parsed = answerSchema.safeParse(answer);
  if (!parsed.success) return null;
  const { devices_up, devices_down, failed_devices_up, failed_devices_down } = parsed.data;
  const failed = new Set([...failed_devices_up, ...failed_devices_down]);
  const taken = new Set([...devices_up, ...devices_down]);
  const errors = new Map<string, unknown>();
  for (const { port } of updates) {
    if (failed.has(port)) {
      errors.set(port, new Error("neutron-server names the port among those that failed"));
    } else if (!taken.has(port)) {
      errors.set(port, new UnclearError("neutron-server's answer does not name the port"));
    }
  }
  return errors;
}
