/** The doctor: every connection, right, extension, clock and version that the node depends on. @module */
import type { Clock } from "../base/clock.ts";
import type { Config } from "../config/config_types.ts";
import { KeystoneAuth } from "../openstack/keystone.ts";
import { busChecks } from "./bus.ts";
import { type Finding, runChecks } from "./check.ts";
import { etcdChecks } from "./etcd.ts";
import { nodeChecks } from "./node.ts";
import { leftOutCheck } from "./left_out.ts";
import { openstackChecks } from "./openstack.ts";

/** Each check has so long, ms; all run at once. */
export const CHECK_MS = 20_000;
/** A request of a check that is not answered by then is not waited for, ms. */
const REQUEST_MS = 8000;

/** Looks at everything; resolves within a little more than {@linkcode CHECK_MS}. */
export async function diagnose(
  config: Config,
  clock: Clock,
  signal: AbortSignal,
): Promise<Finding[]> {
  const openstack = {
    ...config.openstack,
    requestTimeoutMs: Math.min(REQUEST_MS, config.openstack.requestTimeoutMs),
  };
  const brisk = { ...config, openstack };
  using auth = new KeystoneAuth(openstack, clock);
  return await runChecks([
    ...nodeChecks(brisk, clock),
    ...etcdChecks(brisk, clock),
    ...openstackChecks(brisk, auth, clock),
    leftOutCheck(brisk.stateDir, clock),
    ...busChecks(brisk),
  ], { deadlineMs: CHECK_MS, signal });
}
