import { startLabEtcd } from "../../lab/etcd_process.ts";
import { systemClock } from "../../lib/base/clock.ts";
import { assertMatch, eventually } from "../support/assert.ts";
import { freePort } from "../support/etcd_server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { testConfig } from "../support/test_config.ts";

Deno.test("the end of the lab's etcd is told", async () => {
  const stateDir = await Deno.makeTempDir();
  const base = testConfig();
  const config = { stateDir, lab: { ...base.lab, etcdPort: freePort(2) } };
  const log = new LogRecorder();
  const { signal } = new AbortController();
  const job = { log, clock: systemClock, alive: () => {} };
  {
    await using etcd = await startLabEtcd(config, job, signal);
    Deno.kill(Number(log.records.at(-1)!.fields.etcdPid), "SIGKILL");
    let end: string | null = null;
    etcd.failed.catch((error) => end = String(error));
    assertMatch(
      await eventually("the end is told", () => end),
      /the lab's etcd has ended \(SIGKILL\)/,
    );
  }
  await Deno.remove(stateDir, { recursive: true });
});
