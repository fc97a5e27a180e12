/**
 * Who holds the page's connections, so that nobody can shut others out. A client that is at its limit, and the
 * one with most when all are taken, loses the connection that was idle longest to the one that comes. A connection
 * is idle while nothing is answered on it, also when half of a request has come. Bounded by the number of
 * connections.
 *
 * @module
 */
import type { Socket } from "node:net";
import { isLoopback } from "./peer.ts";
import { clientOf } from "./rate_limit.ts";

/** How many connections there may be. */
export interface ConnectionLimits {
  readonly max: number;
  /** Of one client; an IPv6 client is its /64. */
  readonly maxOfClient: number;
  /** Of this machine, where a proxy may stand for many. */
  readonly maxOfLoopback: number;
}

/** What came of a new connection. */
export type Admission = "taken" | "another was closed" | "refused";

interface Held {
  readonly socket: Socket;
  readonly client: string;
  answering: number;
}

/** The open connections of one listener. */
export class Connections {
  readonly #limits: ConnectionLimits;
  /** By address and port of the other end: with TLS, a request's socket is not the one that was accepted. */
  readonly #held = new Map<string, Held>();
  /** Keys of the same, those that were idle longest first. */
  readonly #clients = new Map<string, Set<string>>();
  #isClosed = false;

  constructor(limits: ConnectionLimits) {
    this.#limits = limits;
  }

  /** Number of open connections. */
  get size(): number {
    return this.#held.size;
  }

  /** Takes a connection, if need be in place of an idle one; one that finds no place is closed. */
  add(socket: Socket): Admission {
    const address = socket.remoteAddress ?? "";
    const client = clientOf(address);
    const admission = this.#isClosed ? "refused" : this.#makeRoom(client, isLoopback(address));
    if (admission === "refused") {
      socket.destroy();
      return admission;
    }
    const key = keyOf(socket);
    this.#held.set(key, { socket, client, answering: 0 });
    const keys = this.#clients.get(client) ?? new Set();
    this.#clients.set(client, keys.add(key));
    socket.once("close", () => this.#drop(key, socket));
    return admission;
  }

  /** Something is answered on this connection from now on, until the function that is returned is called. */
  answer(socket: Socket): () => void {
    const key = keyOf(socket);
    const held = this.#held.get(key);
    if (!held) return () => {};
    held.answering++;
    return () => {
      held.answering--;
      const keys = this.#clients.get(held.client);
      // Last in its client's order, unless it has gone.
      if (this.#held.get(key) === held && keys?.delete(key)) keys.add(key);
    };
  }

  /** Closes all connections, and those that come later. */
  closeAll(): void {
    this.#isClosed = true;
    for (const { socket } of this.#held.values()) socket.destroy();
  }

  #makeRoom(client: string, isLocal: boolean): Admission {
    const { max, maxOfClient, maxOfLoopback } = this.#limits;
    const own = this.#clients.get(client)?.size ?? 0;
    if (own >= (isLocal ? maxOfLoopback : maxOfClient)) return this.#closeIdle(client);
    if (this.#held.size < max) return "taken";
    for (const [other, { size }] of this.#byNumber()) {
      if (size <= own) break;
      if (this.#closeIdle(other) !== "refused") return "another was closed";
    }
    return "refused";
  }

  #byNumber(): [string, Set<string>][] {
    return [...this.#clients].sort(([, one], [, other]) => other.size - one.size);
  }

  /** Closes the client's connection that was idle longest. */
  #closeIdle(client: string): Admission {
    for (const key of this.#clients.get(client) ?? []) {
      const held = this.#held.get(key)!;
      if (held.answering > 0) continue;
      this.#drop(key, held.socket);
      held.socket.destroy();
      return "another was closed";
    }
    return "refused";
  }

  #drop(key: string, socket: Socket): void {
    const held = this.#held.get(key);
    if (held?.socket !== socket) return;
    this.#held.delete(key);
    const keys = this.#clients.get(held.client);
    keys?.delete(key);
    if (keys?.size === 0) this.#clients.delete(held.client);
  }
}

function keyOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
