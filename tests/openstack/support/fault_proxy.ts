/** An HTTP proxy in front of Neutron that can be told to misbehave, and that sees every request. @module */

/** Instead of Neutron's answer; null: Neutron's own. */
export type Fault = (
  url: URL,
  request: Request,
) => Response | "cut" | null | Promise<Response | "cut" | null>;

/** Passes everything on until a fault is set; `cut`: half of Neutron's answer, then a broken connection. */
export class FaultProxy implements AsyncDisposable {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #stop = new AbortController();
  fault: Fault = () => null;
  /** Path and query of every request since the last {@linkcode forget}, with the status of its answer. */
  readonly seen: { path: string; status: number | null }[] = [];
  /** Every token that came along, oldest first. */
  readonly tokens = new Set<string>();

  constructor(readonly target: string) {
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {}, signal: this.#stop.signal },
      (request) => this.#answer(request),
    );
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  forget(): void {
    this.seen.length = 0;
  }

  async #answer(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const seen = { path: url.pathname + url.search, status: null as number | null };
    this.seen.push(seen);
    const token = request.headers.get("X-Auth-Token");
    if (token) this.tokens.add(token);
    const fault = await this.fault(url, request);
    if (fault instanceof Response) {
      seen.status = fault.status;
      return fault;
    }
    try {
      const response = await fetch(this.target + seen.path, {
        method: request.method,
        headers: { "X-Auth-Token": token ?? "", "Content-Type": "application/json" },
        body: request.body === null ? null : await request.text(),
      });
      const body = await response.text();
      seen.status = response.status;
      const headers = { "Content-Type": "application/json" };
      if (fault === "cut") return new Response(broken(body), { headers });
      return new Response(response.status === 204 ? null : rewritten(body, this), {
        status: response.status,
        headers,
      });
    } catch (error) {
      // As nginx and haproxy do when nobody listens behind them.
      seen.status = 502;
      return new Response(`<html>Bad Gateway ${(error as Error).name}</html>`, { status: 502 });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#server.finished;
  }
}

/** Links lead through the proxy too. */
function rewritten(body: string, { target, url }: FaultProxy): string {
  return body.replaceAll(target, url);
}

function broken(body: string): ReadableStream<Uint8Array> {
  const half = new TextEncoder().encode(body.slice(0, body.length / 2));
  return new ReadableStream({
    start(controller) {
      controller.enqueue(half);
      setTimeout(() => controller.error(new Error("cut")), 50);
    },
  });
}
