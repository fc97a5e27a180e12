import { LeaderLog } from "../../lib/election/leader_log.ts";
import { assertEquals } from "../support/assert.ts";
import { LogRecorder } from "../support/log_recorder.ts";

Deno.test("a standby says who leads, once for each change, and nothing that is not certain", () => {
  const log = new LogRecorder();
  const leaders = new LeaderLog(log);
  const see = (
    state: "starting" | "leader" | "follower" | "stopping",
    leader: string | null,
    term: string | null,
    problem: string | null = null,
  ) => leaders.see({ state, leader, term, problem });
  see("starting", null, null);
  see("follower", "node-1:7", "3");
  see("follower", "node-1:7", "3");
  see("follower", null, null, "etcd does not answer");
  see("follower", "node-1:7", "3");
  see("follower", null, null);
  see("follower", "node-2:9", "8");
  see("leader", "node-3:1", "11");
  see("follower", "node-2:9", "8");
  see("stopping", "node-2:9", "12");
  const another = (leader: string, term: string) => ["this node stands by, another leads", {
    leader,
    term,
  }];
  assertEquals(log.records.map(({ message, fields }) => [message, fields]), [
    another("node-1:7", "3"),
    ["this node stands by, and nobody leads", {}],
    another("node-2:9", "8"),
    another("node-2:9", "8"),
  ]);
  assertEquals(log.at("info").length, 4);
});
