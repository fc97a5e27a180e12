/** The doctor's report for people. @module */
import { clip } from "../base/clip.ts";
import type { Finding } from "./check.ts";

/** Longest line. */
const MAX_LINE_CHARS = 2000;

/** One line per finding, and one that sums up. */
export function formatFindings(findings: readonly Finding[]): string {
  const lines = findings.map(({ name, state, found, advice }) =>
    `${(state === "failed" ? "FAILED" : state).padEnd(8)} ${name}: ${found}${
      advice ? ` → ${advice}` : ""
    }`
  );
  return [...lines, "", summary(findings)].map((line) => clip(line, MAX_LINE_CHARS)).join("\n");
}

function summary(findings: readonly Finding[]): string {
  const count = (state: Finding["state"]) => findings.filter((f) => f.state === state).length;
  const skipped = count("skipped") > 0 ? `, ${count("skipped")} skipped` : "";
  return `${findings.length} checks: ${count("ok")} ok, ${count("warning")} warnings, ` +
    `${count("failed")} failed${skipped}`;
}

/** Whether the node can do its work as it is. */
export function isHealthy(findings: readonly Finding[]): boolean {
  return findings.every(({ state }) => state !== "failed");
}
