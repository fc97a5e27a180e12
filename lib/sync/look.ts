/** A run over everything that compares and writes nothing, of a term that only watches. @module */
import type { JobContext, Term } from "../role/master_context.ts";
import { NoSink } from "./apply/sink.ts";
import type { Step } from "./apply/step.ts";
import type { CloudIndex } from "./index/cloud_index.ts";
import { recorded, type StepBeats } from "./report/record.ts";
import type { RunSetup } from "./run_setup.ts";
import { fullResync } from "./sources/full.ts";

/** What it works with. */
export interface LookOptions {
  readonly setup: RunSetup;
  readonly beats: StepBeats;
  readonly term: Term;
  readonly context: JobContext;
  /** What it does, for people. */
  readonly doing: string;
  /** Before Neutron is read. */
  begin(): Promise<void>;
  /** What was seen, which is closed then. */
  seen(index: CloudIndex): Promise<void>;
}

/** Compares; resolves to how many differences there are. @throws what reading threw. */
export async function lookAtAll(options: LookOptions): Promise<number> {
  const { setup, beats, term, context, doing } = options;
  const noted = { ...setup.noted("watching"), dryRun: true };
  await recorded(context, term, noted, async (tell) => {
    await options.begin();
    const progress = (step: Step) => {
      beats.step(`${doing}: ${step}`);
      tell(step);
    };
    const deps = { ...setup.deps(noted), progress };
    const { index, ...result } = await setup.measured(() =>
      fullResync(deps, term, { sink: new NoSink() })
    );
    await options.seen(index);
    index.close();
    return result;
  });
  return noted.differences.total;
}
