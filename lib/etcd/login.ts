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
import { deadline } from "../base/deadline.ts";
import { isAuthOff, isOldToken, isPasswordless } from "./call_errors.ts";
import { type CallOptions, poolOf, unfit } from "./pool.ts";

/** etcd does not let the user in; the message says why, as far as etcd tells. */
export class LoginError extends Error {
  override readonly name = "LoginError";
}

/** A token that is asked for, or there; known by its identity. */
type Token = Promise<unknown>;

/** How often a call is made with yet another token: with JWT, each change of users or roles makes all of them old. */
const MAX_TOKENS = 5;
/** A token that has not come for so long is asked for anew by the next call, ms: what was asked for may be lost. */
const STUCK_MS = 1000;

/** The user's login at one member. */
export class Login {
  readonly #etcd: Etcd3;
  readonly #user: string | undefined;
  /** The token that has come. */
  #here: Token | null = null;
  /** The member has let the user in before. */
  #known = false;

  /** @throws {TypeError} etcd3 is of a version that cannot be used. */
  constructor(etcd: Etcd3) {
    this.#etcd = etcd;
    const { authenticator, hosts } = poolOf(etcd);
    this.#user = authenticator.options?.auth?.username;
    if (this.#user === undefined) return;
    if (typeof authenticator.getCredentialsFromHost !== "function") {
      throw unfit("Authenticator.getCredentialsFromHost");
    }
    if (typeof hosts?.[0]?.getServiceClient !== "function") throw unfit("Host.getServiceClient");
    authenticator.getCredentialsFromHost = (address, name, password, options) =>
      this.#ask(address, { name, password }, options);
  }

  /**
   * Makes a call; again with a new token when that of before is not taken.
   *
   * @param until time for a token, ms since the epoch.
   * @throws {LoginError} etcd does not let the user in.
   */
  async with<T>(until: number, act: () => Promise<T>): Promise<T> {
    for (let attempt = 1;; attempt++) {
      const token = this.#user === undefined
        ? null
        : poolOf(this.#etcd).authenticator.getMetadata();
      if (token !== null && token !== this.#here) await this.#arrive(token, until);
      try {
        return await act();
      } catch (error) {
        if (!isOldToken(error)) throw error;
        if (token === null) throw loginError("asks for a user: set etcd_username", error);
        this.#forget(token);
        if (attempt === MAX_TOKENS) throw loginError(`takes no token of ${this.#user}`, error);
      }
    }
  }

  /** Resolves when the token has come. */
  async #arrive(token: Token, until: number): Promise<void> {
    const leftMs = Math.max(1, until - Date.now());
    await deadline(token, leftMs, () => {
      if (leftMs >= STUCK_MS) this.#forget(token);
      throw new GRPCDeadlineExceededError(`etcd gives ${this.#user} no token in time`);
    });
    this.#here = token;
  }

  /** Several calls may have been refused with one token: only the first makes that a new one is asked for. */
  #forget(token: Token): void {
    const { authenticator } = poolOf(this.#etcd);
    if (authenticator.awaitingMetadata === token) authenticator.invalidateMetadata();
  }

  /** @throws {LoginError} etcd does not let the user in. */
  #ask(address: string, payload: object, options: CallOptions): Promise<string> {
    const host = poolOf(this.#etcd).hosts.find(({ host }) => host === address)!;
    const client = host.getServiceClient("Auth");
    return new Promise((resolve, reject) =>
      client.authenticate!(payload, options, (error, answer) => {
        if (error) return isAuthOff(error) ? resolve("") : reject(this.#refusal(error));
        this.#known = true;
        resolve((answer as { token: string }).token);
      })
    );
  }

  #refusal(error: Error): Error {
    const cause = castGrpcError(error);
    if (isPasswordless(error)) {
      return loginError(`knows ${this.#user} by a certificate only, not by a password`, cause);
    }
    if (!(cause instanceof EtcdAuthenticationFailedError)) return cause;
    return this.#known
      ? loginError(
        `does not let ${this.#user} in any more: the password was changed, or the user deleted`,
        cause,
      )
      : loginError(
        `does not let ${this.#user} in: there is no such user, or the password is wrong`,
        cause,
      );
  }
}

function loginError(why: string, cause: unknown): LoginError {
  return new LoginError(`etcd ${why}`, { cause });
}
