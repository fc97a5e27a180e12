/** What a watch of all keys tells, in words. @module */
import { type Answer, decoded, type Gateway } from "./gateway.ts";

/** A watch that tells nothing for so long is silent, ms. */
const SILENT_MS = 10_000;

/** The events of a watch from a revision until one of that key, or what ended it. */
export async function everyKeySince(etcd: Gateway, from: number, until: string): Promise<string> {
  const stop = new AbortController();
  const late = setTimeout(() => stop.abort(), SILENT_MS);
  const seen: string[] = [];
  try {
    for await (const { events = [], canceled } of etcd.watch(from, stop.signal)) {
      if (canceled) return "ended as compacted";
      for (const { type, kv } of events as Answer[]) {
        if (decoded(kv.key) === until) return seen.join(", ") || "nothing";
        seen.push(type === "DELETE" ? "the deletion" : "a write");
      }
    }
    return "the stream ended";
  } catch (error) {
    if (stop.signal.aborted) return "silence";
    throw error;
  } finally {
    clearTimeout(late);
    stop.abort();
  }
}
