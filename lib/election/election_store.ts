/** The few things that the elector does to etcd, so that tests can script them. @module */
import type { ObservedKey } from "./key.ts";

/** What is to be written or given up: one term of one elector. */
export interface HeldKey {
  /** The election value. */
  readonly value: string;
  /** Lease id, decimal. */
  readonly lease: string;
  /** Create revision of the key, decimal. */
  readonly term: string;
}

/** Hears why changes are not seen as they happen; null: they are. */
export type OnTrouble = (error: unknown) => void;

/**
 * Each call rejects when etcd does not answer within `deadlineMs`. What it asked for may still be done at any
 * later time, and must then change nothing that others have made of the key meanwhile. Lease ids are decimal strings.
 */
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
  /** Rewrites the key while it is that term's; false when it no longer is. */
  refresh(held: HeldKey, deadlineMs: number): Promise<boolean>;
  /** Deletes the key while it is that term's; false when it no longer is. */
  release(held: HeldKey, deadlineMs: number): Promise<boolean>;
  /** Deletes the key while it is as it was at that revision; false when it has changed since. */
  deleteAt(modRevision: string, deadlineMs: number): Promise<boolean>;
  /** Calls back, perhaps more often than needed, when the key changes. */
  watch(onChange: () => void, onTrouble?: OnTrouble): { close(): void };
}
