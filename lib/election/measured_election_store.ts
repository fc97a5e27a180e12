/** The election's calls to etcd, with how long they take: a slow keep-alive is a term about to end. @module */
import type { Meter } from "../metrics/meter.ts";
import type { ElectionStore } from "./election_store.ts";

/** The same store; every call but the watch is measured. */
export function measured(store: ElectionStore, meter: Meter | undefined): ElectionStore {
  if (meter === undefined) return store;
  const time = <T>(call: string, act: () => Promise<T>): Promise<T> =>
    meter.time("election_call_duration_seconds", act, (failed) => ({
      call,
      outcome: failed ? "failure" : "success",
    }));
  return {
    key: store.key,
    description: store.description,
    get: (...args) => time("get", () => store.get(...args)),
    grant: (...args) => time("grant", () => store.grant(...args)),
    keepAlive: (...args) => time("keep_alive", () => store.keepAlive(...args)),
    revoke: (...args) => time("revoke", () => store.revoke(...args)),
    create: (...args) => time("create", () => store.create(...args)),
    refresh: (...args) => time("refresh", () => store.refresh(...args)),
    release: (...args) => time("release", () => store.release(...args)),
    deleteAt: (...args) => time("delete", () => store.deleteAt(...args)),
    watch: (onChange, onTrouble) => store.watch(onChange, onTrouble),
  };
}
