/** etcd's own JSON gateway, without any client library: what the server says, word for word. @module */

/** What the gateway answers; numbers of 64 bits are strings. */
// deno-lint-ignore no-explicit-any
export type Answer = any;

/** Base64 of a text, as the gateway wants keys and values. */
export function encoded(text: string): string {
  return btoa(text);
}

/** The text of an answer's key or value. */
export function decoded(text: string): string {
  return atob(text);
}

/** Talks with one member; `token` is a user's, once there is one. */
export class Gateway {
  token: string | null = null;

  constructor(readonly url: string) {}

  /** Calls a method, such as `kv/put`. @throws with etcd's own words. */
  async call(method: string, body: unknown = {}): Promise<Answer> {
    const response = await this.#post(method, body, AbortSignal.timeout(20_000));
    const text = await response.text();
    // A stream answers with one object a line.
    const answer: Answer = JSON.parse(text.split("\n")[0]!);
    const error = answer.error?.message ?? answer.message ?? answer.error;
    if (error) throw new Error(error);
    return answer.result ?? answer;
  }

  /** etcd's words when it refuses, "taken" when it does not. */
  async verdict(method: string, body: unknown = {}): Promise<string> {
    return await this.call(method, body).then(() => "taken", (error) => error.message);
  }

  /** Writes a key; its revision. */
  async put(key: string, value = "", more: Record<string, unknown> = {}): Promise<number> {
    const body = { key: encoded(key), value: encoded(value), ...more };
    return Number((await this.call("kv/put", body)).header.revision);
  }

  /** Logs in. @throws as {@linkcode Gateway.call}. */
  async logIn(name: string, password: string): Promise<void> {
    this.token = null;
    this.token = (await this.call("auth/authenticate", { name, password })).token;
  }

  /** A watch of all keys from a revision: every answer as it comes, until it is left. */
  async *watch(startRevision: number, signal: AbortSignal): AsyncGenerator<Answer> {
    const everything = { key: encoded("\0"), range_end: encoded("\0") };
    const create_request = { ...everything, start_revision: String(startRevision) };
    const { body } = await this.#post("watch", { create_request }, signal);
    let rest = "";
    for await (const text of body!.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      for (const line of lines) yield JSON.parse(line).result;
    }
  }

  #post(method: string, body: unknown, signal: AbortSignal): Promise<Response> {
    const headers: Record<string, string> = this.token ? { Authorization: this.token } : {};
    const url = `${this.url}/v3/${method}`;
    return fetch(url, { method: "POST", body: JSON.stringify(body), headers, signal });
  }
}
