/**
 * A role of a node of the fault suite: while `isMaster()`, it notes so and appends to the register,
 * on every tick.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { electionKey } from "../../lib/calico/keys.ts";
import { isMaster } from "../../lib/state/is_master.ts";
import { openEtcd } from "../../lib/etcd/client.ts";
import { fence } from "../../lib/etcd/fence.ts";
import { StateStore } from "../../lib/state/store.ts";
import { nodeConfig, readSetup, REGISTER, steppedClock } from "./setup.ts";

const TICK_MS = 20;
/** An unfenced writer believes for so long what it has once seen, ms: the fault that a fence is for. */
const BELIEF_MS = 8000;

const setup = readSetup();
const config = nodeConfig(setup);
const clock = steppedClock(setup.dir);
const key = electionKey(null);
const etcd = openEtcd(config.etcd);
const store = await StateStore.open(setup.dir);
const claims = await Deno.open(`${setup.dir}/claims`, { append: true, create: true });
const encoder = new TextEncoder();
let number = 0;
let believed = { term: "", id: "", until: 0 };

function append({ term, id }: { term: string; id: string }): void {
  const name = Buffer.from(`${REGISTER}${setup.node}/${Deno.pid}/${number++}`);
  const value = Buffer.from(`${setup.node} ${term}`);
  etcd.kv.txn({
    compare: setup.fenced ? fence({ electionKey: key, term, id }) : [],
    success: [{ request_put: { key: name, value } }],
    failure: [],
  }).catch(() => {}); // in flight, cut off or refused: the register tells
}

while (true) {
  const record = await store.readMastership();
  const at = Date.now();
  if (isMaster(record, clock)) {
    believed = { term: record.term, id: record.id, until: at + BELIEF_MS };
    claims.writeSync(
      encoder.encode(JSON.stringify({ node: setup.node, term: +record.term, at }) + "\n"),
    );
    append(record);
  } else if (!setup.fenced && at < believed.until) append(believed);
  await new Promise((resolve) => setTimeout(resolve, TICK_MS));
}
