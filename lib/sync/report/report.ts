/** What a resync tells: a table for people, JSON for machines, and a bar while it runs. @module */
import { z } from "zod";
import {
  type Guard,
  type KindCounts,
  type LeftOut,
  leftOutSchema,
  type ResyncAnswer,
  resyncAnswerSchema,
} from "../../state/records.ts";
import { clip } from "../../base/clip.ts";
import { guardSentence, leftOutSentence, namesOf } from "./held_text.ts";
import { differenceGroupSchema, groupsOf } from "../apply/difference_groups.ts";
import { type Difference, differenceSchema } from "../apply/difference_log.ts";
import { STEPS } from "../apply/step.ts";

/** Longest line. */
const MAX_LINE_CHARS = 10_000;
/** Longest name of an object that was left, with what is wrong with it. */
const MAX_NAME_CHARS = 200;

/** One difference as `--output json` and the API give it. */
const reportedDifferenceSchema = differenceSchema.pick({ action: true, kind: true, key: true })
  .extend({
    subject: differenceSchema.shape.subject.meta({ description: "Neutron's object" }),
    changes: differenceSchema.shape.changes,
    changes_cut: z.number().int().nonnegative().meta({
      description: "Places of it that differ too and did not fit",
    }),
  }).meta({ id: "ResyncDifference" });

/** A requested resync as `--output json` and the API give it. */
export const reportSchema = resyncAnswerSchema
  .omit({ at: true, step: true, leftOut: true, dryRun: true, differences: true }).extend({
    dry_run: z.boolean(),
    left_out: z.array(leftOutSchema),
    differences: z.array(reportedDifferenceSchema).meta({
      description: "What a dry run would change, or a resync has changed; the first of them",
    }),
    groups: z.array(differenceGroupSchema).meta({
      description: "Of these differences: what is the same in several objects, the most first",
    }),
    differences_total: z.number().int().nonnegative(),
    differences_cut: z.number().int().nonnegative().meta({
      description: "Differences that are counted and did not fit",
    }),
    kinds: z.record(z.string(), z.record(z.string(), z.number())).meta({
      description: "By kind of object: counts, and times in whole milliseconds",
    }),
  }).meta({ id: "ResyncReport" });
export type ResyncReport = z.infer<typeof reportSchema>;

/** The answer, and the differences that are kept of it, as `--output json` and the API give them. */
export function reportOf(answer: ResyncAnswer, kept: readonly Difference[]): ResyncReport {
  const { id, state, doing, error, warnings, guards } = answer;
  const kinds = Object.fromEntries(
    Object.entries(answer.kinds).map(([kind, counts]) => [kind, snakeCase(counts)]),
  );
  const differences = kept.map(({ action, kind, key, subject, changes, moreChanges }) => (
    { action, kind, key, subject, changes, changes_cut: moreChanges }
  ));
  return {
    id,
    state,
    doing,
    dry_run: answer.dryRun,
    error,
    warnings,
    guards,
    left_out: answer.leftOut,
    differences,
    groups: groupsOf(kept),
    differences_total: answer.differences,
    differences_cut: Math.max(0, answer.differences - differences.length),
    kinds,
  };
}

/** Names as other tools of the field print them; times in whole milliseconds. */
function snakeCase(counts: KindCounts): Record<string, number> {
  return Object.fromEntries(
    Object.entries(counts).map(([name, value]) => [
      name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      Math.round(value),
    ]),
  );
}

/** What a run has to tell when it begins. */
export const NOTHING_YET = { kinds: {}, warnings: [], guards: [], leftOut: [] };

/** What became of the objects of a kind, as it is told. */
export const COUNTED = ["correct", "created", "updated", "deleted", "conflicts"] as const;

/** A table with a line per kind, and in sentences what was held back, left out or went wrong. */
export function formatReport(answer: ResyncAnswer): string {
  const what = answer.dryRun ? "the dry run" : "the resync";
  const failure = answer.state === "failed" ? [`${what} failed: ${answer.error}`] : [];
  const rows = Object.entries(answer.kinds).map(([kind, counts]) =>
    kind.padEnd(18) + COUNTED.map((name) => String(counts[name]).padStart(10)).join("")
  );
  const title = answer.dryRun ? "would be" : "";
  const head = title.padEnd(18) + COUNTED.map((name) => name.padStart(10)).join("");
  return [
    ...rows.length > 0 ? [head, ...rows] : [],
    ...answer.warnings.map((warning) => `warning: ${warning}`),
    ...answer.leftOut.flatMap(leftOutLines),
    ...answer.guards.flatMap(guardLines),
    ...failure,
  ].map((line) => clip(line, MAX_LINE_CHARS)).join("\n");
}

function guardLines(guard: Guard): string[] {
  const names = namesOf(guard, guard.names.length);
  return names ? [guardSentence(guard), `  ${names}`] : [guardSentence(guard)];
}

/** The sentence names the first. */
function leftOutLines(left: LeftOut): string[] {
  const others = left.names.slice(1).map((name) => `  ${clip(name, MAX_NAME_CHARS)}`);
  const more = left.total - Math.max(1, left.names.length);
  return [leftOutSentence(left), ...others, ...more > 0 ? [`  and ${more} more`] : []];
}

const WIDTH = 24;

/** Longest account of what is being done, which must not wrap. */
const MAX_DOING_CHARS = 50;

/** One line that is drawn over again; draws nothing where there is no terminal. */
export class ProgressBar {
  #reached = 0;
  #shown = false;

  constructor(readonly enabled: boolean, readonly redraw: (line: string) => void) {}

  /** `step`: how far it is, one of STEPS; another is not counted. */
  show(doing: string, step: string | undefined): void {
    if (!this.enabled) return;
    this.#reached = Math.max(this.#reached, STEPS.findIndex((each) => each === step) + 1);
    const full = Math.round(WIDTH * this.#reached / (STEPS.length + 1));
    const bar = "#".repeat(full).padEnd(WIDTH, ".");
    this.redraw(`[${bar}] ${clip(doing, MAX_DOING_CHARS)}`);
    this.#shown = true;
  }

  end(): void {
    if (this.#shown) this.redraw("");
  }
}
