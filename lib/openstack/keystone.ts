/**
 * Tokens from Keystone v3: one at a time, renewed before it runs out or after a 401. Without an
 * `authUrl` requests carry none.
 *
 * @module
 */
import { z } from "zod";
import type { Clock } from "../clock.ts";
import type { OpenstackConfig } from "../config_types.ts";
import { OpenstackError, readJson, request } from "./http.ts";
import { type Project, projectSchema } from "./records.ts";

const tokenSchema = z.object({ token: z.object({ expires_at: z.iso.datetime({ offset: true }) }) });
/** A token is renewed when less than this is left, ms. */
const RENEW_MS = 120_000;

/** Hands out tokens and makes authorised requests. */
export class KeystoneAuth {
  #token: { value: string; expiresAt: number } | null = null;

  constructor(readonly config: OpenstackConfig, readonly clock: Clock) {}

  /** What `read` makes of the answer to a request with a valid token; a 401 renews the token once. */
  async fetch<T>(
    url: string,
    signal: AbortSignal,
    read: (response: Response) => Promise<T>,
    init: RequestInit = {},
  ): Promise<T> {
    try {
      return await this.#send(url, signal, read, init);
    } catch (error) {
      const expired = error instanceof OpenstackError && error.status === 401;
      if (!expired || this.#token === null) throw error;
      this.#token = null;
      return await this.#send(url, signal, read, init);
    }
  }

  async #send<T>(
    url: string,
    signal: AbortSignal,
    read: (response: Response) => Promise<T>,
    init: RequestInit,
  ): Promise<T> {
    const headers = new Headers(init.headers);
    const token = await this.#currentToken(signal);
    if (token) headers.set("X-Auth-Token", token);
    return await request(url, {
      clock: this.clock,
      signal,
      timeoutMs: this.config.requestTimeoutMs,
      init: { ...init, headers },
    }, read);
  }

  async #currentToken(signal: AbortSignal): Promise<string | null> {
    const { authUrl, username, password, projectName } = this.config;
    if (authUrl === null) return null;
    if (this.#token && this.#token.expiresAt - this.clock.now() > RENEW_MS) {
      return this.#token.value;
    }
    const user = { name: username, password, domain: { name: this.config.userDomainName } };
    const project = { name: projectName, domain: { name: this.config.projectDomainName } };
    const body = {
      auth: { identity: { methods: ["password"], password: { user } }, scope: { project } },
    };
    return await request(`${authUrl}/auth/tokens`, {
      clock: this.clock,
      signal,
      timeoutMs: this.config.requestTimeoutMs,
      init: {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(body),
      },
    }, async (response) => {
      const value = response.headers.get("X-Subject-Token");
      const parsed = tokenSchema.safeParse(await readJson(response));
      if (!value || !parsed.success) {
        throw new OpenstackError(`${authUrl}/auth/tokens sent no usable token`, response.status);
      }
      this.#token = { value, expiresAt: Date.parse(parsed.data.token.expires_at) };
      return value;
    });
  }

  /** All projects; none without Keystone. */
  async listProjects(signal: AbortSignal): Promise<Project[]> {
    if (this.config.authUrl === null) return [];
    const url = `${this.config.authUrl}/projects`;
    const body = await this.fetch(url, signal, readJson);
    const parsed = z.object({ projects: z.array(projectSchema) }).safeParse(body);
    if (!parsed.success) throw new OpenstackError(`${url} sent no list of projects`, 200);
    return parsed.data.projects;
  }
}
