/** What is searched of the model: designs that hold, and faults that must be found. @module */
import type { Instance } from "./pan.ts";

const DEEP = 3_000_000;
/** Small times, for instances with many processes or faults. */
const SMALL = ["TTL=2", "REFRESH=0"];

/** Each must be searched without an error. */
export const HOLDS: readonly Instance[] = [
  { name: "two nodes", optimise: "-O2", defines: ["LATE=1"], depth: DEEP },
  {
    name: "two nodes of one name and process id",
    defines: ["LATE=0", "SAME_VALUE"],
    depth: DEEP,
  },
  { name: "managers stop in order", defines: ["LATE=0", "STOPS=true"], depth: DEEP },
  { name: "a leader within TTL + 1", defines: ["LATE=0", "TIMELY"], depth: DEEP },
  { name: "jobs write", optimise: "-O2", defines: ["LATE=0", "WRITES"], depth: DEEP },
  {
    name: "jobs write, etcd is restored",
    optimise: "-O2",
    defines: ["LATE=0", "WRITES", "RESTORE", ...SMALL],
    depth: DEEP,
  },
  {
    name: "two managers of one node",
    optimise: "-O2",
    defines: ["LATE=0", "ORPHANS", ...SMALL],
    depth: 300,
    bounded: true,
  },
  {
    name: "three nodes",
    optimise: "-O2",
    defines: ["LATE=1", "NODES=3", ...SMALL],
    depth: 250,
    bounded: true,
  },
];

/** Faults of older designs. In each the assertion that it breaks. */
export const FOUND: readonly (Instance & { readonly breaks: "master" | "write" | "time" })[] = [
  fault("a release compares the value only", ["RELEASE_BY_VALUE"]),
  fault("a stale key's removal compares the value only", ["REMOVAL_BY_VALUE"], 1000),
  fault("the key is given up though nobody could not be published", ["KEY_GIVEN_UP"]),
  fault("so it is at a stop", ["STOP_GIVES_UP", "STOPS=true"]),
  fault("what was published is forgotten after a term", ["RECORD_FORGOTTEN"]),
  fault("what was published is forgotten by a restart", ["START_FORGETS"]),
  fault("a key of one's own name and process id is one's own", [
    "OURS_BY_VALUE",
    "LATE=0",
    "SAME_VALUE",
  ]),
  fault("a process that cannot be seen is a dead one", ["UNSEEN_PID_IS_DEAD", "LATE=0"]),
  fault("nobody owns the state store", ["NO_OWNER", "LATE=0", "ORPHANS", ...SMALL], 400),
  fault("the own term is believed by a manager that is superseded", [
    "PREDECESSOR_BY_ONCE_CLAIMED",
    "LATE=0",
    "ORPHANS",
    ...SMALL,
  ]),
  fault("mastership is counted from the answer", ["VALID_FROM_ANSWER", "LATE=0"]),
  fault("a clock loses more than the margin", ["CLOCK_BEYOND_MARGIN", "LATE=0"]),
  {
    ...fault("the fence compares the create revision only", [
      "FENCE_BY_REVISION",
      "LATE=0",
      "WRITES",
      "RESTORE",
      ...SMALL,
    ], 1000),
    breaks: "write",
  },
  { ...fault("no fence", ["NO_FENCE", "LATE=0", "WRITES"]), breaks: "write" },
  {
    name: "a bound of the time without a leader that is too small",
    defines: ["LATE=0", "TIMELY", "BOUND=2"],
    depth: DEEP,
    breaks: "time",
  },
];

function fault(name: string, [which, ...defines]: string[], depth = DEEP) {
  return { name, defines: [`FAULT_${which}`, ...defines], depth, breaks: "master" as const };
}
