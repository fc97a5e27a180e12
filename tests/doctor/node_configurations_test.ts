import { conductorPrefix } from "../../lib/calico/keys.ts";
import { systemClock } from "../../lib/base/clock.ts";
import { configurationDigests } from "../../lib/config/configuration_digests.ts";
import { type Finding, runChecks } from "../../lib/doctor/check.ts";
import { nodeConfigurationsCheck } from "../../lib/doctor/node_configurations.ts";
import { openEtcd } from "../../lib/etcd/client.ts";
import { assertEquals } from "../support/assert.ts";
import { startEtcd } from "../support/etcd_server.ts";
import { testConfig } from "../support/test_config.ts";

Deno.test(
  "the doctor says which nodes that run are configured otherwise",
  { sanitizeOps: false, sanitizeResources: false },
  async () => {
    await using server = await startEtcd();
    const config = testConfig({ etcd: { ...testConfig().etcd, endpoints: [server.url] } });
    const etcd = openEtcd(config.etcd);
    const register = (name: string, version: string, more: object) =>
      etcd.put(`${conductorPrefix(null)}nodes/${name}`).value(JSON.stringify({
        name,
        version,
        roles: [],
        since: 1,
        diagnostics: "x:1",
        ...more,
      })).exec();
    const found = async (of = config) => {
      const checks = [nodeConfigurationsCheck(of, systemClock)];
      const { signal } = new AbortController();
      const [{ state, found }] = await runChecks(checks, { deadlineMs: 20_000, signal }) as [
        Finding,
      ];
      return `${state}: ${found}`;
    };
    const configuration = configurationDigests(config);
    try {
      assertEquals(await found(), "skipped: this node does not run, or is of an older version");
      await register("node-1", "1", { configuration });
      await register("node-2", "1", { configuration });
      await register("node-3", "0.9", {});
      assertEquals(await found(), "ok: 1 as this node's, 1 not known");
      await register("node-2", "2", { configuration });
      assertEquals(await found(), "warning: node-2 differs in version (1 here, 2 there)");
      // Another check's fault.
      const away = { ...config, etcd: { ...config.etcd, endpoints: ["http://127.0.0.1:1"] } };
      assertEquals(await found(away), "skipped: etcd does not answer, or does not let us read");
    } finally {
      etcd.close();
    }
  },
);
