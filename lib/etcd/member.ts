/** One member of an etcd cluster, on connections of its own, and how it does. @module */
import { Buffer } from "node:buffer";
import type { Etcd3, IRangeResponse, IResponseHeader } from "etcd3";
import { type Backoff, backoffMs } from "../base/backoff.ts";
import { withoutUserInfo } from "../base/user_info.ts";
import { PROBE_KEY } from "../calico/keys.ts";
import { isAnswer, isOldToken, LoginError } from "./call_errors.ts";
import { Login, type User } from "./login.ts";
import { callOfNobody, callOnce, poolOf, type TimedOptions } from "./pool.ts";

const PROBE = Buffer.from(PROBE_KEY);
/** How long a member that does not serve is left alone. */
const PAUSE: Backoff = { firstMs: 500, maxMs: 15_000, jitter: "equal" };

/** A member: a client of it alone, and whether it is well. */
export class Member {
  /** Without a user, since it is shown. */
  readonly url: string;
  readonly #login: Login;
  readonly #listeners = new Set<() => void>();
  /** When it was found sick, by the monotonic clock, ms; null: it is well. */
  #sickSince: number | null = null;
  #dueAt = 0;
  #failures = 0;

  /** @param etcd a client of this member alone. @param user who is to log in. */
  constructor(url: string, readonly etcd: Etcd3, readonly user: User | null = null) {
    this.url = withoutUserInfo(url, "");
    this.#login = new Login(etcd, user);
  }

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

  /** One call, with a token that is taken. */
  exec<T>(service: string, method: string, payload: unknown, options: TimedOptions): Promise<T> {
    const act = () => callOnce<T>(poolOf(this.etcd), service, method, payload, options);
    return this.withToken(Number(options.deadline), act);
  }

  /** Runs `act`; see {@linkcode Login.with}. */
  withToken<T>(deadline: number, act: () => Promise<T>): Promise<T> {
    return this.#login.with(deadline, act);
  }

  /**
   * A read that needs the cluster's agreement: what the member says of cluster and revision, or null when
   * it answers that this may not be read. That the user was refused says nothing of this member, as another may
   * have refused it; then it is asked without a user.
   *
   * @param deadline ms since the epoch.
   * @throws it does not serve.
   */
  async probe(deadline: number): Promise<IResponseHeader | null> {
    const request = { key: PROBE, count_only: true };
    try {
      return (await this.exec<IRangeResponse>("KV", "range", request, { deadline })).header;
    } catch (error) {
      if (error instanceof LoginError) return await this.#probeAsNobody(request, deadline);
      if (isAnswer(error)) return null;
      throw error;
    }
  }

  async #probeAsNobody(request: unknown, deadline: number): Promise<null> {
    try {
      await callOfNobody(poolOf(this.etcd), "KV", "range", request, { deadline });
    } catch (error) {
      if (!isAnswer(error) && !isOldToken(error)) throw error;
    }
    return null;
  }
}
