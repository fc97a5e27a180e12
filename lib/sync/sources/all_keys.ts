/** All keys of the cloud in etcd, without their values. @module */
import { resourcePrefixes } from "../../calico/keys.ts";
import { type KeyValue, snapshotPages } from "../../etcd/snapshot.ts";
import type { SyncRun } from "../apply/sync_run.ts";
import { type Kind, KINDS, type Subject, subjectOf } from "../model/kinds.ts";

/** Keys alone are small: decoding so many does not hold up the event loop. */
const PAGE = 2000;

/** A key as etcd has it. */
export interface FoundKey extends Pick<KeyValue, "key" | "modRevision" | "notText"> {
  /** Whose it is; null: nobody's that we know. What is no text is read as Latin-1. */
  readonly owner: Subject | null;
}

/** Who is told of keys. */
export interface KeyVisitor {
  /** Each of them, kind by kind. */
  found(kind: Kind, key: FoundKey): void;
  /** There are no more of that kind. */
  ended?(kind: Kind): void;
}

/** How keys are looked through. */
export interface KeysOptions {
  /** @default the term's */
  readonly signal?: AbortSignal;
  /** @default the newest when it begins */
  readonly revision?: string;
}

/** Looks through every key, all at one revision. @throws etcd cannot be read, or the term is over. */
export async function readAllKeys(
  run: SyncRun,
  visitor: KeyVisitor,
  { signal = run.term.signal, revision }: KeysOptions = {},
): Promise<void> {
  const { deps: { etcd, region, progress } } = run;
  const prefixes = resourcePrefixes(region);
  for (const kind of KINDS) {
    const options = { revision, pageSize: PAGE, keysOnly: true, signal };
    await run.timed(kind, "etcdReadMs", async () => {
      for await (const page of snapshotPages(etcd, prefixes[kind], options)) {
        progress("reading etcd");
        revision ??= page.revision;
        for (const { key, modRevision, notText } of page.items) {
          const name = notText?.toString("latin1") ?? key;
          const owner = subjectOf(kind, name.slice(prefixes[kind].length));
          visitor.found(kind, { key, modRevision, notText, owner });
        }
        await run.breathe();
      }
    });
    visitor.ended?.(kind);
  }
}
