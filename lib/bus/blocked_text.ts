/**
 * What a broker says with `connection.blocked`, in words: RabbitMQ's resource alarms, of which it names those in
 * force ("low on memory", "low on memory & disk"). Pure.
 *
 * @module
 */
import { clip } from "../base/clip.ts";

const MAX_REASON_CHARS = 100;

/** What the broker lacks, as the end of a sentence about it: "is low on memory". */
export function lackText(reason: string): string {
  const lacks = ["memory", "disk"].filter((resource) => names(reason, resource));
  if (lacks.length > 0) return `is low on ${lacks.join(" and ")}`;
  return `has raised an alarm (${
    clip(reason.trim(), MAX_REASON_CHARS) || "it does not say which"
  })`;
}

/** What to do at the broker. */
export function lackAdvice(reason: string): string {
  const ways = [
    ...names(reason, "memory") ? ["free memory there or raise vm_memory_high_watermark"] : [],
    ...names(reason, "disk") ? ["free disk space there or lower disk_free_limit"] : [],
  ];
  return `${ways.length > 0 ? ways.join("; ") : "see its log"} (rabbitmq-diagnostics alarms)`;
}

function names(reason: string, resource: string): boolean {
  return new RegExp(`\\b${resource}\\b`, "i").test(reason);
}
