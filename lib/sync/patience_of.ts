/** How a full resync waits for Neutron, and what is said meanwhile. @module */
import { Patience } from "../openstack/patience.ts";
import type { JobContext } from "../role/master_context.ts";
import type { RunReason, StepBeats } from "./report/record.ts";

/**
 * The patience of one run. While it waits, that is the problem; otherwise the usual one is. Undefined: somebody has asked for
 * it and waits for its outcome, and is told at once that Neutron fails.
 */
export function patienceOf(
  reason: RunReason,
  { clock, log }: Pick<JobContext, "clock" | "log">,
  beats: StepBeats,
  usual: { readonly problem: string | null },
): Patience | undefined {
  if (reason === "requested") return undefined;
  let isTold = false;
  return new Patience({
    clock,
    onBeat: () => beats.step(),
    onTrouble(why) {
      beats.problem = why ?? usual.problem;
      beats.step();
      if (why === null) log.info("Neutron answers again, and the resync goes on");
      else if (!isTold) log.warn("a resync waits for Neutron", { why });
      isTold = why !== null;
    },
  });
}
