/** OpenStack's REST APIs for the tests: small, and not the product's own client. @module */
import { TIME_FACTOR } from "../../support/assert.ts";

/** What a service refused. */
export class RestError extends Error {
  override name = "RestError";

  constructor(readonly status: number, what: string, readonly body: string) {
    super(`${what} → ${status} ${body.slice(0, 500)}`);
  }
}

/**
 * A connection per request: Neutron's workers share a listening socket, and a connection that is kept
 * stays with one of them while the others have nothing to do.
 */
const CLIENT = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });

// deno-lint-ignore no-explicit-any
export type Json = any;

/** Who calls. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
  readonly project: string;
}

/** One service, with a token of its own that is renewed when it is refused. */
export class Rest {
  #token: string | null = null;

  /** @param baseUrl with the version, such as `http://127.0.0.1:9696/v2.0`. */
  constructor(
    readonly baseUrl: string,
    readonly keystoneUrl: string,
    readonly credentials: Credentials,
  ) {}

  get(path: string): Promise<Json> {
    return this.request("GET", path);
  }

  post(path: string, body: Json): Promise<Json> {
    return this.request("POST", path, body);
  }

  put(path: string, body?: Json): Promise<Json> {
    return this.request("PUT", path, body);
  }

  delete(path: string): Promise<Json> {
    return this.request("DELETE", path);
  }

  /** All of a collection in one answer, such as `list("security-groups")`. */
  async list(path: string): Promise<Json[]> {
    const collection = path.split("?")[0]!.split("/").at(-1)!.replaceAll("-", "_");
    return (await this.get(path))[collection];
  }

  /**
   * One request; 60 s, times the machine's factor.
   *
   * @throws {RestError} a status of 400 or more. A 401 is tried once more with a new token, and a 503
   * or a database conflict (409 "try again", 500 deadlock) three times.
   */
  async request(method: string, path: string, body?: Json): Promise<Json> {
    for (let attempt = 0;; attempt++) {
      const response = await fetch(this.baseUrl + path.replace(/^(?!\/)/, "/"), {
        client: CLIENT,
        method,
        headers: { "Content-Type": "application/json", "X-Auth-Token": await this.token() },
        body: body === undefined ? null : JSON.stringify(body),
        signal: AbortSignal.timeout(60_000 * TIME_FACTOR),
      });
      const text = await response.text();
      if (response.ok) return text === "" ? null : JSON.parse(text);
      const retriable = [401, 500, 503].includes(response.status);
      if (!retriable || attempt >= 3) {
        throw new RestError(response.status, `${method} ${path}`, text);
      }
      if (response.status === 401) this.#token = null;
      else await new Promise((resolve) => setTimeout(resolve, 300 * (attempt + 1)));
    }
  }

  /** A valid token of this client's user. */
  async token(): Promise<string> {
    if (this.#token) return this.#token;
    const { username, password, project } = this.credentials;
    const domain = { id: "default" };
    const response = await fetch(`${this.keystoneUrl}/auth/tokens`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({
        auth: {
          identity: {
            methods: ["password"],
            password: { user: { name: username, password, domain } },
          },
          scope: { project: { name: project, domain } },
        },
      }),
      signal: AbortSignal.timeout(60_000 * TIME_FACTOR),
    });
    const text = await response.text();
    if (!response.ok) throw new RestError(response.status, "POST /auth/tokens", text);
    return this.#token = response.headers.get("X-Subject-Token")!;
  }
}
