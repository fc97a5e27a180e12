/**
 * Keeps all roles of a node running and stops them in order: first those that work as master, then
 * the page, then the manager, so that the election key is released only when nobody works any more,
 * and last the lab. A standby then wins at once.
 *
 * @module
 */
import { type RoleDeps, type RoleSpec, SupervisedRole } from "./supervised_role.ts";

/** Roles that stop together, group after group. */
export const STOP_ORDER: readonly (readonly string[])[] = [
  ["resource-syncer", "agent-status-watcher", "endpoint-status-watcher"],
  ["diagnostics"],
  ["manager"],
  ["lab"],
];

/**
 * Runs the roles until `signal` aborts; resolves when every process is gone. The mastership record is
 * cleared at start and whenever the manager ends.
 */
export async function runSupervisor(
  specs: readonly RoleSpec[],
  deps: RoleDeps,
  signal: AbortSignal,
): Promise<void> {
  await deps.store.writeMastership(null);
  const running = specs.map((spec) => {
    const stop = new AbortController();
    const onEnd = spec.name === "manager" ? () => deps.store.writeMastership(null) : spec.onEnd;
    const role = new SupervisedRole({ ...spec, onEnd }, deps);
    return { name: spec.name, stop, done: role.run(stop.signal) };
  });
  await aborted(signal);
  for (const group of STOP_ORDER) {
    const members = running.filter((role) => group.includes(role.name));
    for (const member of members) member.stop.abort();
    await Promise.all(members.map((member) => member.done));
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
