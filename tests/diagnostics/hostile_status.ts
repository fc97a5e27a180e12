/** The status of a node in which every name is what a stranger has chosen. @module */
import type { Status } from "../../lib/health/status.ts";
import { agent, agentsRecord, facts, guard, left, NOW, resync, role, status } from "./fixtures.ts";

/** A status with `evil` in every field that holds text. */
export function hostileStatus(evil: string): Status {
  const { ports, election, mastership, cluster } = facts();
  const kinds = { [evil]: Object.values(resync().kinds)[0]! };
  return status({
    node: { name: evil, version: evil, startedAt: null, startupResync: "always" },
    leader: evil,
    election: { ...election!, leader: evil, problem: evil },
    mastership: { ...mastership!, id: evil },
    cluster: {
      at: NOW,
      nodes: [{ ...cluster!.nodes[0]!, name: evil, version: evil, diagnostics: evil }],
      terms: cluster!.terms.map((term) => ({ ...term, node: evil, id: evil, reason: evil })),
      electionKey: {
        key: evil,
        value: evil,
        createRevision: evil,
        modRevision: evil,
        version: evil,
        lease: evil,
        leaseGrantedSeconds: 15,
        leaseLeftSeconds: 9,
      },
    },
    roles: [
      role("manager", { lastEnd: evil, restarts: 1 }, { doing: evil, problem: evil }),
      role("b", { state: "backoff", lastEnd: evil }),
    ],
    resyncs: [
      resync({
        reason: evil,
        error: evil,
        kinds,
        warnings: [evil],
        guards: [guard({ collection: evil, names: [evil] })],
        leftOut: [left({ collection: evil, names: [evil] })],
      }),
      resync({ startedAt: NOW - 1, reason: evil, error: evil }),
      resync({
        startedAt: NOW - 2,
        guards: [guard({ collection: evil, names: [evil] })],
        leftOut: [left({ collection: evil, names: [evil] })],
      }),
    ],
    agents: agentsRecord([agent(evil, 999_999)]),
    ports: {
      ...ports!,
      byStatus: { [evil]: 1 },
      recent: [{ at: NOW, host: evil, port: evil, status: evil, reported: false }],
    },
    events: [{ source: evil, at: NOW, level: "error", message: evil }],
  });
}
