/** What the bad days came to, for people. @module */
import { describeError } from "../../lib/base/log.ts";
import { BAD_DAYS, type BadDay } from "./bad_days.ts";
import type { Judgement } from "./judge.ts";
import type { Ended } from "./runs.ts";

/** One run on one day. */
export interface Row extends Judgement {
  readonly day: BadDay;
  readonly way: string;
  readonly outcome: string;
  /** What the day's goal asks for and is not done. */
  readonly missing: readonly string[];
}

/** How it ended, in a word and why. */
export function word({ result, error }: Ended, { changed, toChange }: Judgement): string {
  if (!result) return "no end";
  if (error) return `error: ${describeError(error).replace(/http:..127.0.0.1:\d+/, "")}`;
  const { guards, leftOut } = result;
  const says = [
    ...guards.map(({ collection, why, lost }) => `held ${collection} (${why}, ${lost})`),
    ...leftOut.map(({ collection, why, total }) => `left ${total} of ${collection} (${why})`),
  ];
  const done = changed === toChange ? "applied" : `applied ${changed} of ${toChange}`;
  return [...says, done].join(", ");
}

const CELL = 60;

/** A line for each run, and one that sums up. */
export function table(rows: readonly Row[]): string {
  const number = (row: Row) => BAD_DAYS.indexOf(row.day);
  const sorted = rows.toSorted((a, b) => number(a) - number(b) || (a.way < b.way ? -1 : 1));
  const lines = sorted.map(({ day, way, outcome, keys, harm, missing }) => [
    `${day.collection}: ${day.name}`,
    way,
    outcome.length > CELL ? `${outcome.slice(0, CELL - 1)}…` : outcome,
    String(keys),
    harm.length > 0
      ? `HARM ${harm.length}`
      : missing.length > 0
      ? `missed ${missing.length}`
      : "ok",
  ]);
  const all = [["bad day", "run", "outcome", "keys", "verdict"], ...lines];
  const widths = all[0]!.map((_, i) => Math.max(...all.map((line) => line[i]!.length)));
  const text = all.map((line) => line.map((cell, i) => cell.padEnd(widths[i]!)).join("  ").trim());
  const days = new Set(rows.map(({ day }) => day)).size;
  const keys = rows.reduce((sum, row) => sum + row.keys, 0);
  const harmed = rows.filter(({ harm }) => harm.length > 0).length;
  return [
    ...text,
    `${days} bad days, ${rows.length} runs, ${keys} keys looked at, ${harmed} runs did harm`,
  ].join("\n");
}
