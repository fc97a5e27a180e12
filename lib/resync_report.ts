/** What a resync tells: a table for people, JSON for machines, and a bar while it runs. @module */
import { z } from "zod";
import {
  type KindCounts,
  leftOutSchema,
  type ResyncAnswer,
  resyncAnswerSchema,
} from "./state_records.ts";

/** A requested resync as `--output json` and the API give it. */
export const reportSchema = resyncAnswerSchema.omit({ at: true, leftOut: true }).extend({
  left_out: z.array(leftOutSchema),
  kinds: z.record(z.string(), z.record(z.string(), z.number())).meta({
    description: "By kind of object: counts, and times in whole milliseconds",
  }),
}).meta({ id: "ResyncReport" });
export type ResyncReport = z.infer<typeof reportSchema>;

/** The answer as `--output json` and the API give it. */
export function reportOf(answer: ResyncAnswer): ResyncReport {
  const { id, state, doing, error, warnings, guards, leftOut, differences } = answer;
  const kinds = Object.fromEntries(
    Object.entries(answer.kinds).map(([kind, counts]) => [kind, snakeCase(counts)]),
  );
  const left_out = leftOut;
  return { id, state, doing, error, warnings, guards, left_out, differences, kinds };
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

/** A table with a line per kind. */
export function formatReport(answer: ResyncAnswer, dryRun: boolean): string {
  if (answer.state === "failed") return `the resync failed: ${answer.error}`;
  const names = ["correct", "created", "updated", "deleted", "conflicts"] as const;
  const rows = Object.entries(answer.kinds).map(([kind, counts]) =>
    kind.padEnd(18) + names.map((name) => String(counts[name]).padStart(10)).join("")
  );
  const title = dryRun ? "would be" : "";
  return [
    title.padEnd(18) + names.map((name) => name.padStart(10)).join(""),
    ...rows,
    ...answer.warnings.map((warning) => `warning: ${warning}`),
  ].join("\n");
}

const STEPS = ["etcd", "listing", "Neutron", "writing", "configuration"];
const WIDTH = 24;

/** One line that is drawn over again; draws nothing where there is no terminal. */
export class ProgressBar {
  #reached = 0;
  #shown = false;

  constructor(readonly enabled: boolean, readonly write: (text: string) => void) {}

  show(doing: string): void {
    if (!this.enabled) return;
    const step = STEPS.findIndex((word) => doing.includes(word)) + 1;
    this.#reached = Math.max(this.#reached, step);
    const full = Math.round(WIDTH * this.#reached / (STEPS.length + 1));
    const bar = "#".repeat(full).padEnd(WIDTH, ".");
    this.write(`\r\x1b[K[${bar}] ${doing}`);
    this.#shown = true;
  }

  end(): void {
    if (this.#shown) this.write("\r\x1b[K");
  }
}
