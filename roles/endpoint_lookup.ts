/** Looks Neutron and Nova up in Keystone's catalogue: told how to log in, answers with the URLs. @module */
import { systemClock } from "../lib/base/clock.ts";
import type { OpenstackConfig } from "../lib/openstack/config.ts";
import { endpointsOf } from "../lib/openstack/endpoints.ts";
import { KeystoneAuth } from "../lib/openstack/keystone.ts";
import { runTool } from "../lib/role/run_tool.ts";

await runTool(async (config: OpenstackConfig, signal) => {
  using auth = new KeystoneAuth(config, systemClock);
  return await endpointsOf(auth, signal);
});
