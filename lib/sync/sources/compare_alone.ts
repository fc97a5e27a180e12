/** The work of a dry run in a process of its own; see `alone.ts`. @module */
import type { Clock } from "../../base/clock.ts";
import { openEtcd } from "../../etcd/client.ts";
import type { AloneAnswer, AloneInput } from "./alone.ts";
import { compareAsObserver } from "./compare_only.ts";
import { beginAnswer, finishAnswer } from "./on_demand.ts";
import type { Step } from "../apply/step.ts";
import { StepBeats } from "../report/record.ts";

const ID = "alone";

/** Compares; `say` hears of every {@linkcode Step}, within the deadline of one call. */
export async function compareAlone(
  { config, etcd: etcdConfig, request }: AloneInput,
  clock: Clock,
  signal: AbortSignal,
  say: (step: string) => void,
): Promise<AloneAnswer> {
  const beats = new StepBeats(say, { openstack: config.openstack, etcd: etcdConfig });
  const progress = (step: Step) => beats.step(step);
  const etcd = openEtcd(etcdConfig);
  try {
    const outcome = await compareAsObserver(request, { config, etcd, clock, signal, progress });
    const begun = beginAnswer({ id: ID, dryRun: true }, clock.now());
    const answer = finishAnswer(begun, outcome, clock.now());
    return { answer, differences: outcome.differences.of(ID), text: outcome.text ?? "" };
  } finally {
    etcd.close();
  }
}
