/**
 * How the user gets a token of a member: asked for once however many calls need it, and again as soon as the one of
 * before is not taken. etcd3 by itself asks once for each call that was refused, each time on a channel that it
 * never closes.
 *
 * Where authentication is off, calls are made without a token, as etcd's own client makes them.
 *
 * @module
 */
import {
  castGrpcError,
  type Etcd3,
  EtcdAuthenticationFailedError,
  GRPCDeadlineExceededError,
} from "etcd3";
import { type Backoff, backoffMs } from "../base/backoff.ts";
import { deadline } from "../base/deadline.ts";
import { isAuthOff, isOldToken, isPasswordless, LoginError } from "./call_errors.ts";
import { type Metadata, type Pool, poolOf, unfit } from "./pool.ts";

/** Pause after a refusal: to check a password costs etcd a good part of a second of computing. */
const REFUSED: Backoff = { firstMs: 250, maxMs: 1000, jitter: "equal" };

/** Who logs in, and how the cluster has taken it; all members have the same users. */
export class User {
  /** It was let in before. */
  #known = false;
  #refusals = 0;
  #refusal: LoginError | null = null;
  #needless = false;
  /** Until when it is not asked again, by the monotonic clock, ms. */
  #pauseUntil = 0;

  /** @param timeoutMs time that a member has to let the user in. */
  constructor(readonly name: string, readonly password: string, readonly timeoutMs: number) {}

  /** Why it was refused a moment ago, or null: it may be asked. */
  get refusal(): LoginError | null {
    return performance.now() < this.#pauseUntil ? this.#refusal : null;
  }

  /** Authentication was off when it last asked: etcd looks at nobody's user and rights. */
  get needless(): boolean {
    return this.#needless;
  }

  /** It was let in; without a token: it need not be. */
  accepted(token: string): void {
    this.#known = true;
    this.#needless = token === "";
    this.#refusals = this.#pauseUntil = 0;
  }

  /** What the answer to a login says. */
  explain(error: Error): Error {
    const cause = castGrpcError(error);
    const why = isPasswordless(error)
      ? `knows ${this.name} by a certificate only, not by a password`
      : cause instanceof EtcdAuthenticationFailedError
      ? this.#known
        ? `does not let ${this.name} in any more: the password was changed, or the user deleted`
        : `does not let ${this.name} in: there is no such user, or the password is wrong`
      : null;
    if (why === null) return cause;
    this.#pauseUntil = performance.now() + backoffMs(REFUSED, this.#refusals++);
    return this.#refusal = loginError(why, cause);
  }
}

/** A token that is asked for, or there; known by its identity. */
type Token = Promise<Metadata>;

/** How often a call is made with yet another token: with JWT, each change of users or roles makes all of them old. */
const MAX_TOKENS = 5;
/** A token that has not come for so long is asked for anew by the next call, ms: what was asked for may be lost. */
const STUCK_MS = 1000;

/** The user's login at one member. */
export class Login {
  readonly #pool: Pool;
  readonly #user: User | null;
  /** Gives what is sent with a call of nobody. */
  readonly #anonymous: () => Token;
  #token: Token | null = null;
  /** The token that has come. */
  #here: Token | null = null;

  /**
   * @param etcd a client of that member alone, without a user.
   * @throws {TypeError} etcd3 is of a version that cannot be used.
   */
  constructor(etcd: Etcd3, user: User | null) {
    this.#pool = poolOf(etcd);
    this.#user = user;
    const { authenticator, hosts } = this.#pool;
    if (typeof hosts?.[0]?.getServiceClient !== "function") throw unfit("Host.getServiceClient");
    if (typeof authenticator?.getMetadata !== "function") throw unfit("Authenticator.getMetadata");
    this.#anonymous = authenticator.getMetadata.bind(authenticator);
    if (user) authenticator.getMetadata = () => this.#token ??= this.#ask(user);
  }

  /**
   * Makes a call; again with a new token when that of before is not taken.
   *
   * @param until time for a token, ms since the epoch.
   * @throws {LoginError} etcd does not let the user in.
   */
  async with<T>(until: number, act: () => Promise<T>): Promise<T> {
    for (let attempt = 1;; attempt++) {
      const token = this.#user && this.#pool.authenticator.getMetadata();
      if (token !== this.#here) await this.#arrival(token, until);
      try {
        return await act();
      } catch (error) {
        if (!isOldToken(error)) throw error;
        if (!this.#user) throw loginError("asks for a user: set etcd_username", error);
        this.#forget(token);
        if (attempt === MAX_TOKENS) throw loginError(`takes no token of ${this.#user.name}`, error);
      }
    }
  }

  async #arrival(token: Token | null, until: number): Promise<void> {
    if (token === null) return;
    const leftMs = Math.max(1, until - Date.now());
    await deadline(token, leftMs, () => {
      if (leftMs >= STUCK_MS) this.#forget(token);
      throw new GRPCDeadlineExceededError(`etcd gives ${this.#user!.name} no token in time`);
    });
    this.#here = token;
  }

  /** Several calls may have been refused with one token: only the first makes that a new one is asked for. */
  #forget(token: Token | null): void {
    if (this.#token === token) this.#token = null;
  }

  #ask(user: User): Token {
    const token = this.#metadata(user);
    token.catch(() => this.#forget(token));
    return token;
  }

  async #metadata(user: User): Token {
    const metadata = await this.#anonymous();
    const token = await this.#authenticate(user);
    if (token !== null) metadata.set("token", token);
    return metadata;
  }

  /** A token, or null where authentication is off. @throws {LoginError} */
  async #authenticate(user: User): Promise<string | null> {
    if (user.refusal) throw user.refusal;
    const { name, password, timeoutMs } = user;
    const client = this.#pool.hosts[0]!.getServiceClient("Auth");
    const deadline = Date.now() + timeoutMs;
    const token = await new Promise<string>((resolve, reject) =>
      client.authenticate!({ name, password }, { deadline }, (error, answer) => {
        if (error && !isAuthOff(error)) reject(user.explain(error));
        else resolve(error ? "" : (answer as { token: string }).token); // etcd 3.5: "" where it is off
      })
    );
    user.accepted(token);
    return token || null;
  }
}

function loginError(why: string, cause: unknown): LoginError {
  return new LoginError(`etcd ${why}`, { cause });
}
