import { Etcd3, type ICompare } from "etcd3";
import { conductorPrefix, electionKey } from "../../lib/calico/keys.ts";
import { systemClock } from "../../lib/base/clock.ts";
import { ClusterRecords } from "../../lib/election/cluster_records.ts";
import { OwnTerms } from "../../lib/election/own_terms.ts";
import type { Leadership } from "../../lib/election/states.ts";
import { TermHistory } from "../../lib/election/term_history.ts";
import { termSchema } from "../../lib/state/records.ts";
import { StateStore } from "../../lib/state/store.ts";
import { assertEquals } from "../support/assert.ts";
import { startEtcd } from "../support/etcd_server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { tempDir } from "../support/temp_dir.ts";

/** grpc-js keeps timers of connections beyond the end of its client. */
const GRPC = { sanitizeOps: false, sanitizeResources: false };

/** Another node writes the same record before each of the first writes. */
class BusyRecords extends ClusterRecords {
  others = 0;

  override async putIf(compare: ICompare[], key: string, record: unknown): Promise<boolean> {
    if (this.others-- > 0) {
      const [found] = await this.read(key, termSchema);
      const text = JSON.stringify({ ...found!.record, until: this.others });
      await this.etcd.put(this.prefix + key).value(text);
    }
    return await super.putIf(compare, key, record);
  }
}

Deno.test(
  "the end of a term that others always came before is told later, and not lost",
  GRPC,
  async () => {
    await using server = await startEtcd();
    await using dir = await tempDir();
    using store = await StateStore.open(dir.path);
    const etcd = new Etcd3({ hosts: server.url });
    try {
      const id = "node-1:7";
      const records = new BusyRecords(etcd, conductorPrefix(null), new LogRecorder());
      const own = new OwnTerms(id, store);
      const context = { etcd, region: null, node: "node-1", id, clock: systemClock, records };
      const history = new TermHistory(own, context);
      const { header } = await etcd.put(electionKey(null)).value(id).exec();
      const sent = { wall: 0, monotonic: 0, uptime: 0 };
      const leadership: Leadership = { lease: "1", term: header.revision, since: 5, sent };
      own.began(leadership);
      await history.tell();
      await own.ended(leadership, { why: "stopped" }, 9);
      records.others = 3;
      await history.tell();
      assertEquals([(await history.read())[0]!.end, own.untold.length], [null, 1]);
      await history.tell();
      assertEquals([(await history.read())[0]!.end, own.untold.length], [9, 0]);
    } finally {
      etcd.close();
    }
  },
);
