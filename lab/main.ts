/**
 * The lab's process: a private etcd and a small OpenStack with simulated Felix agents, for trying
 * the product with nothing but this repository.
 *
 * @module
 */
import { runRole } from "../roles/bootstrap.ts";
import { runLab } from "./cloud.ts";
import { startLabEtcd } from "./etcd_process.ts";

await runRole("lab", async ({ config, job, signal }) => {
  await using etcd = await startLabEtcd(config, job, signal);
  const lab = runLab(config, { log: job.log, clock: job.clock, signal, alive: job.alive });
  lab.catch(() => {}); // when etcd has failed first
  await Promise.race([lab, etcd.failed]);
});
