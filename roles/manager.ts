/** The manager: leader election. @module */
import { getPriority } from "node:os";
import { openEtcd } from "../lib/etcd/client.ts";
import { runElector } from "../lib/mastership/elector.ts";
import { EtcdElectionStore } from "../lib/mastership/etcd_election_store.ts";
import { runRole } from "./bootstrap.ts";

/** Whether a process with that id lives; `getPriority` is how Deno tells without running anything. */
function pidAlive(pid: number): Promise<boolean> {
  try {
    getPriority(pid);
    return Promise.resolve(true);
  } catch (error) {
    return Promise.resolve(!String(error).includes("ESRCH"));
  }
}

await runRole("manager", async ({ config, job, signal }) => {
  const etcd = openEtcd(config.etcd);
  try {
    const elections = new EtcdElectionStore(etcd, config);
    await runElector(config, elections, { ...job, pid: Deno.pid, pidAlive }, signal);
  } finally {
    etcd.close();
  }
});
