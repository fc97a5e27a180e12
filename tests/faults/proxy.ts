/** A TCP proxy between a node and an etcd member that can be told to misbehave. @module */

/** What the proxy does with connections, old and new. */
export type ProxyMode =
  | "pass"
  /** Ends them and accepts none. */
  | "refuse"
  /** Keeps them open and carries nothing, as a router that drops packets does. */
  | "drop"
  /** Carries requests, but no answers. */
  | "half"
  /** Carries everything late. */
  | "delay";

/** Listens on a port of its own on loopback. */
export class Proxy implements AsyncDisposable {
  readonly port: number;
  /** In the mode "delay", ms. */
  delayMs = 300;
  readonly #listener: Deno.TcpListener;
  readonly #done: Promise<void>;
  readonly #open = new Set<Deno.TcpConn>();
  #mode: ProxyMode = "pass";
  #changed = Promise.withResolvers<void>();
  #closed = false;

  constructor(readonly target: number) {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.port = this.#listener.addr.port;
    this.#done = this.#accept();
  }

  set mode(mode: ProxyMode) {
    this.#mode = mode;
    if (mode === "refuse") this.#endAll();
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  async #accept(): Promise<void> {
    try {
      for await (const client of this.#listener) {
        if (this.#mode === "refuse") client.close();
        else this.#connect(client);
      }
    } catch { /* the listener is closed */ }
  }

  async #connect(client: Deno.TcpConn): Promise<void> {
    this.#open.add(client);
    try {
      const server = await Deno.connect({ hostname: "127.0.0.1", port: this.target });
      this.#open.add(server);
      this.#carry(client, server, () => this.#mode === "drop");
      this.#carry(server, client, () => this.#mode === "drop" || this.#mode === "half");
    } catch {
      this.#end(client);
    }
  }

  async #carry(from: Deno.TcpConn, to: Deno.TcpConn, held: () => boolean): Promise<void> {
    const buffer = new Uint8Array(65_536);
    try {
      for (let n = await from.read(buffer); n !== null; n = await from.read(buffer)) {
        while (held() && !this.#closed) await this.#changed.promise;
        if (this.#mode === "delay") await new Promise((done) => setTimeout(done, this.delayMs));
        for (let at = 0; at < n;) at += await to.write(buffer.subarray(at, n));
      }
    } catch { /* one side is gone */ }
    this.#end(from);
    this.#end(to);
  }

  #end(connection: Deno.TcpConn): void {
    this.#open.delete(connection);
    try {
      connection.close();
    } catch { /* it is closed already */ }
  }

  #endAll(): void {
    for (const connection of [...this.#open]) this.#end(connection);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.mode = "pass";
    this.#listener.close();
    this.#endAll();
    await this.#done;
  }
}
