/** The elector of a node of the fault suite, as a process of its own. @module */
import { openEtcd } from "../../lib/etcd/client.ts";
import { runElector } from "../../lib/election/elector.ts";
import { EtcdElectionStore } from "../../lib/election/etcd_election_store.ts";
import { readProcessPlace } from "../../lib/process/place.ts";
import { StateStore } from "../../lib/state/store.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { nodeConfig, readSetup, steppedClock } from "./setup.ts";

const stop = new AbortController();
Deno.addSignalListener("SIGTERM", () => stop.abort());
const setup = readSetup();
const config = nodeConfig(setup);
const store = await StateStore.open(setup.dir);
const etcd = openEtcd(config.etcd);
await runElector(config, new EtcdElectionStore(etcd, config), {
  log: new LogRecorder(),
  clock: steppedClock(setup.dir),
  store,
  alive: () => {},
  pid: Deno.pid,
  place: await readProcessPlace(),
}, stop.signal);
Deno.exit(0);
