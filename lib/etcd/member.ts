/** One member of an etcd cluster, on connections of its own, and how it does. @module */
import { Buffer } from "node:buffer";
import type { Etcd3, IRangeResponse, IResponseHeader } from "etcd3";
import { type Backoff, backoffMs } from "../base/backoff.ts";
import { PROBE_KEY } from "../calico/keys.ts";
import { isAnswer, isOldToken } from "./call_errors.ts";

/** What a call may be given. */
export interface CallOptions {
  readonly deadline?: number | Date;
}

/** The part of etcd3's pool of connections that is used; etcd3 keeps it to itself. */
export interface Pool {
  exec<T>(service: string, method: string, payload: unknown, options?: CallOptions): Promise<T>;
  withConnection<T>(service: string, act: (connection: never) => T | Promise<T>): Promise<T>;
  close(): void;
  /** Knows the token of a user. */
  readonly authenticator: { invalidateMetadata(): void };
}

/** The pool of a client. */
export function poolOf(etcd: Etcd3): Pool {
  return etcd["pool"] as unknown as Pool;
}

const PROBE = Buffer.from(PROBE_KEY);
/** How long a member that does not serve is left alone. */
const PAUSE: Backoff = { firstMs: 500, maxMs: 15_000, jitter: "equal" };

/** A member: a client of it alone, and whether it is well. */
export class Member {
  readonly #listeners = new Set<() => void>();
  /** When it was found sick, by the monotonic clock, ms; null: it is well. */
  #sickSince: number | null = null;
  #dueAt = 0;
  #failures = 0;

  /** @param etcd a client of this member alone. */
  constructor(readonly url: string, readonly etcd: Etcd3) {}

  get well(): boolean {
    return this.#sickSince === null;
  }

  /** Whether it is sick and may be asked again. */
  get due(): boolean {
    return !this.well && performance.now() >= this.#dueAt;
  }

  /** Leaves it alone for a while, longer each time; those who wait for it are told. */
  sicken(): void {
    const now = performance.now();
    if (this.due || this.well) {
      this.#dueAt = now + backoffMs(PAUSE, this.#failures++);
    }
    if (!this.well) return;
    this.#sickSince = now;
    for (const tell of [...this.#listeners]) tell();
  }

  /** It answers. */
  recover(): void {
    this.#sickSince = null;
    this.#failures = 0;
  }

  /** Calls `tell` when the member is found sick, until what is returned is called. */
  whenSick(tell: () => void): () => void {
    this.#listeners.add(tell);
    return () => this.#listeners.delete(tell);
  }

  /** One call; an old token is renewed, and the call made again, once. */
  async exec<T>(service: string, method: string, payload: unknown, options: CallOptions) {
    return await this.withToken(() => poolOf(this.etcd).exec<T>(service, method, payload, options));
  }

  /** Runs `act`, once more with a new token when that of before is not taken. */
  async withToken<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      if (!isOldToken(error)) throw error;
      poolOf(this.etcd).authenticator.invalidateMetadata();
      return await act();
    }
  }

  /**
   * A read that needs the cluster's agreement: what the member says of cluster and revision, or null when
   * it answers that this may not be read.
   *
   * @param deadline ms since the epoch.
   * @throws it does not serve.
   */
  async probe(deadline: number): Promise<IResponseHeader | null> {
    const request = { key: PROBE, count_only: true };
    try {
      return (await this.exec<IRangeResponse>("KV", "range", request, { deadline })).header;
    } catch (error) {
      if (isAnswer(error)) return null;
      throw error;
    }
  }
}
