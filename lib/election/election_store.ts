/** The few things that the elector does to etcd, so that tests can script them. @module */
import type { ObservedKey } from "./key.ts";

/** Each call rejects when etcd does not answer within `deadlineMs`. Lease ids are decimal strings. */
export interface ElectionStore {
  /** The election key. */
  readonly key: string;
  /** What to call etcd in messages. */
  readonly description: string;
  /** The key as it is now, read linearizably. */
  get(deadlineMs: number): Promise<ObservedKey | null>;
  /** A new lease. */
  grant(ttlSeconds: number, deadlineMs: number): Promise<string>;
  /** Extends a lease; false when it has expired. */
  keepAlive(lease: string, deadlineMs: number): Promise<boolean>;
  revoke(lease: string, deadlineMs: number): Promise<void>;
  /** Creates the key if there is none; its create revision, or null when another was first. */
  create(value: string, lease: string, deadlineMs: number): Promise<string | null>;
  /** Rewrites the key while it has that create revision; false when it no longer has. */
  refresh(value: string, lease: string, term: string, deadlineMs: number): Promise<boolean>;
  /** Deletes the key while it holds that value; false when it holds another. */
  deleteIf(value: string, deadlineMs: number): Promise<boolean>;
  /** Calls back, perhaps more often than needed, when the key changes. */
  watch(onChange: () => void): { close(): void };
}
