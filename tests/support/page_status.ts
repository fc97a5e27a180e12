/** What a node says of itself on its page. @module */
import type { Status } from "../../lib/health/status.ts";
import { eventually } from "./assert.ts";

/** The page's status; null while it does not answer within 2 s. */
export async function pageStatus(pageUrl: string): Promise<Status | null> {
  try {
    const signal = AbortSignal.timeout(2000);
    const response = await fetch(`${pageUrl}/api/v1/status`, { signal });
    return await response.json();
  } catch {
    return null;
  }
}

/** The page's status, waited for: on a busy machine an answer may take longer than {@linkcode pageStatus} waits. */
export function pageAnswer(pageUrl: string): Promise<Status> {
  return eventually("the page answers", () => pageStatus(pageUrl));
}
