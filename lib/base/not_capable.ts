/** Deno's refusals for want of a permission. @module */
import { describeError } from "./log.ts";

/** Whether that is why it failed; of an error in another thread there is only its text. */
export function isNotCapable(error: unknown): boolean {
  return error instanceof Deno.errors.NotCapable ||
    /NotCapable|escalate|Requires \w+ access/.test(describeError(error));
}
