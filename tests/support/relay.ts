/**
 * A relay of TCP connections that can lose its clients: to them the connection has ended, and what they have
 * sent stays with the server, which may not have read it yet.
 *
 * @module
 */

/** Between clients and a server of this machine. Dispose of it to end all. */
export class Relay implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #clients = new Set<Deno.Conn>();
  readonly #servers = new Set<Deno.Conn>();
  readonly #run: Promise<void>;

  constructor(readonly serverPort: number) {
    this.#run = this.#serve();
  }

  get port(): number {
    return (this.#listener.addr as Deno.NetAddr).port;
  }

  /** Ends the clients' side of all connections; the server hears nothing of it. */
  loseClients(): void {
    for (const client of this.#clients) end(client);
    this.#clients.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    this.loseClients();
    for (const server of this.#servers) end(server);
    await this.#run;
  }

  async #serve(): Promise<void> {
    for await (const client of this.#listener) {
      const server = await Deno.connect({ hostname: "127.0.0.1", port: this.serverPort });
      this.#clients.add(client);
      this.#servers.add(server);
      pump(client, server);
      pump(server, client);
    }
  }
}

async function pump(from: Deno.Conn, to: Deno.Conn): Promise<void> {
  await from.readable.pipeTo(to.writable, { preventClose: true, preventCancel: true })
    .catch(() => {});
}

function end(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch { /* it has ended already */ }
}
