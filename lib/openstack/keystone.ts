/**
 * Tokens from Keystone v3: one at a time, renewed before it runs out or after a 401. Without an
 * `authUrl` requests carry none.
 *
 * @module
 */
import { abortable } from "../base/abortable.ts";
import type { Clock } from "../base/clock.ts";
import type { OpenstackConfig } from "./config.ts";
import { type Credential, tokenRequest } from "./credential.ts";
import { findIdentityV3, type IdentityV3 } from "./discovery.ts";
import { neutronIn } from "./catalogue.ts";
import {
  isRefused,
  OpenstackError,
  readJson,
  readList,
  request,
  type RequestOptions,
  sendJson,
} from "./http.ts";
import { openHttpClient } from "./http_client.ts";
import type { Project } from "./records.ts";
import { Projects } from "./projects.ts";
import { explainRefusal } from "./refusal.ts";
import { readToken, type Token } from "./token.ts";

/** The catalogue is looked at again after a failure at most so often, ms. */
const MOVED_CHECK_MS = 60_000;

type Read<T> = (response: Response) => Promise<T>;

/**
 * What is sent, how often it is tried, and who is told of these attempts: not of those for a token that it may need.
 */
export type SentInit =
  & RequestInit
  & Pick<RequestOptions, "attempts" | "beforeRetry" | "onAttempt" | "onFailure">;

/** Hands out tokens and makes authorised requests; dispose of it to close its connections. */
export class KeystoneAuth implements Disposable {
  #token: Token | null = null;
  /** The request for one that is under way; it ends with the signal of who began it. */
  #renewal: Promise<void> | null = null;
  #identity: IdentityV3 | null = null;
  /** Opened with the first request; undefined within: the default one will do. */
  #client: { readonly http: Deno.HttpClient | undefined } | null = null;
  /** Why Keystone refuses us was looked into, and that it was. */
  #explained: string | null = null;
  #movedCheckedAt = -Infinity;
  /** The projects, as this login sees them. */
  readonly projects = new Projects((path, signal) => this.get(path, signal));

  /** `onAttempt` is called before each request is sent. */
  constructor(
    readonly config: OpenstackConfig,
    readonly clock: Clock,
    readonly onAttempt: () => void = () => {},
  ) {}

  [Symbol.dispose](): void {
    this.#client?.http?.close();
    this.#client = null;
  }

  /** What `read` makes of the answer to a request with a valid token; a 401 renews the token once. */
  async fetch<T>(
    url: string,
    signal: AbortSignal,
    read: Read<T>,
    init: SentInit = {},
  ): Promise<T> {
    const token = await this.token(signal);
    try {
      return await this.#send(url, signal, read, init, token);
    } catch (error) {
      if (!isRefused(error, 401) || token === null) {
        throw await this.#explainMoved(url, error, signal);
      }
      if (this.#token === token) this.#token = null;
      const fresh = await this.token(signal);
      return await this.#send(url, signal, read, init, fresh).catch((error) => {
        if (!isRefused(error, 401)) throw error;
        throw new OpenstackError(
          `${error.message} (Keystone has just issued that token: does the service ask the same ` +
            "Keystone, with a user that may, and do the clocks agree?)",
          401,
          { cause: error },
        );
      });
    }
  }

  /**
   * The error, or one that says that the catalogue names another place by now: this process may only
   * reach what was there when it started.
   */
  async #explainMoved(url: string, error: unknown, signal: AbortSignal): Promise<unknown> {
    const { fromCatalogue, neutronUrl } = this.config;
    const lost = error instanceof OpenstackError && (error.status === null || error.status === 404);
    const now = this.clock.monotonic();
    if (!lost || !fromCatalogue.neutron || !url.startsWith(neutronUrl)) return error;
    if (now - this.#movedCheckedAt < MOVED_CHECK_MS) return error;
    this.#movedCheckedAt = now;
    try {
      const { catalogue } = await this.issueToken(this.config.credential!, signal);
      const there = neutronIn(catalogue, this.config);
      if (there === neutronUrl) return error;
      const hint =
        `Keystone's catalogue names ${there} for Neutron by now: restart this node, or ` +
        "send it SIGHUP, so that it may go there";
      return new OpenstackError(`${error.message} (${hint})`, error.status, { cause: error });
    } catch {
      return error;
    }
  }

  /** A valid token, or null without Keystone. @throws {OpenstackError} there is none to be had. */
  async token(signal: AbortSignal): Promise<Token | null> {
    const { authUrl, credential } = this.config;
    if (authUrl === null || credential === null) return null;
    while (true) {
      signal.throwIfAborted();
      if (this.#token && this.clock.monotonic() < this.#token.renewAt) return this.#token;
      if (!this.#renewal) return await this.#renew(credential, signal);
      await abortable(this.#renewal, signal);
    }
  }

  async #renew(credential: Credential, signal: AbortSignal): Promise<Token> {
    const renewal = this.#authenticate(credential, signal);
    // For others who wait: when this one is aborted, for whatever reason, that is no failure of theirs.
    this.#renewal = renewal.then(() => {}, (error) => {
      if (!signal.aborted && error instanceof OpenstackError) throw error;
    });
    this.#renewal.catch(() => {}); // nobody may wait
    try {
      this.#token = await renewal;
      this.#explained = null;
      return this.#token;
    } finally {
      this.#renewal = null;
    }
  }

  async #authenticate(credential: Credential, signal: AbortSignal): Promise<Token> {
    await this.identityUrl(signal);
    try {
      return await this.issueToken(credential, signal);
    } catch (error) {
      signal.throwIfAborted(); // its reason is not Keystone's
      if (!isRefused(error, 400, 401, 403, 404)) throw error;
      // Once: each further try with a wrong password counts towards a lock-out.
      this.#explained ??= await explainRefusal(this, credential, error, signal);
      throw new OpenstackError(this.#explained, error.status, { cause: error });
    }
  }

  /** A token for any credential, without remembering it. */
  async issueToken(credential: Credential, signal: AbortSignal): Promise<Token> {
    const url = `${await this.identityUrl(signal)}/auth/tokens`;
    const init = sendJson("POST", tokenRequest(credential));
    const monotonic = this.clock.monotonic();
    const read = (response: Response) => readToken(response, { now: this.clock.now(), monotonic });
    return await this.#send(url, signal, read, init, null);
  }

  /** Keystone's URL ending in `/v3`, found once when the configuration does not say it. */
  async identityUrl(signal: AbortSignal): Promise<string> {
    this.#identity ??= await findIdentityV3(
      this.config.authUrl!,
      (url) => this.#send(url, signal, readJson, {}, null, 300),
    );
    return this.#identity.url;
  }

  /** What Keystone calls itself when its URL was found and that is on another host; else null. */
  get calledElsewhere(): string | null {
    return this.#identity?.calledElsewhere ?? null;
  }

  /** A request with that token, or with none. */
  async #send<T>(
    url: string,
    signal: AbortSignal,
    read: Read<T>,
    { attempts, beforeRetry, onAttempt, onFailure, ...init }: SentInit,
    token: Pick<Token, "value"> | null,
    accept?: number,
  ): Promise<T> {
    const headers = new Headers(init.headers);
    if (token) headers.set("X-Auth-Token", token.value);
    this.#client ??= { http: openHttpClient(this.config) };
    return await request(url, {
      clock: this.clock,
      signal,
      onAttempt: () => {
        this.onAttempt();
        onAttempt?.();
      },
      onFailure,
      timeoutMs: this.config.requestTimeoutMs,
      attempts,
      beforeRetry,
      init: { ...init, headers },
      client: this.#client.http,
      accept,
    }, read);
  }

  /** All projects; none without Keystone. See {@linkcode Projects.list}. */
  async listProjects(signal: AbortSignal): Promise<Project[]> {
    return this.config.authUrl === null ? [] : await this.projects.list(signal);
  }

  /** A GET of Identity's own, such as `/projects`, with our token or another one. */
  async get(path: string, signal: AbortSignal, token?: Token): Promise<unknown> {
    const url = `${await this.identityUrl(signal)}${path}`;
    // Identity does not page: all projects come in one answer.
    const read = path.endsWith("/projects") ? readList : readJson;
    if (token) return await this.#send(url, signal, read, {}, token);
    return await this.fetch(url, signal, read);
  }
}
