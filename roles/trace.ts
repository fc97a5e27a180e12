/** A trace: told the configuration and what to look for, answers what Neutron and etcd say of it. @module */
import { systemClock } from "../lib/base/clock.ts";
import { openEtcd } from "../lib/etcd/client.ts";
import { runTool } from "../lib/role/run_tool.ts";
import type { TraceInput } from "../lib/trace/alone.ts";
import { readCloud } from "../lib/trace/cloud_account.ts";

await runTool(async ({ config, etcd: etcdConfig, query }: TraceInput, signal) => {
  const etcd = openEtcd(etcdConfig);
  try {
    return await readCloud(query, { config, etcd, clock: systemClock, signal });
  } finally {
    etcd.close();
  }
});
