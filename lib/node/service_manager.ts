/**
 * What systemd and others that speak its notification protocol (sd_notify(3)) are told: ready, reloading,
 * stopping, a line of status, and, when they want it, that the supervisor makes progress.
 *
 * The socket is written to by a Worker whose only permission is that socket (`roles/notifier.ts`): it is
 * part of this process, whose pid is thus the sender's (`NotifyAccess=main`), and the supervisor itself
 * needs no network.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { deadline } from "../base/deadline.ts";
import { describeError, type Log } from "../base/log.ts";
import { isNotCapable } from "../base/not_capable.ts";

/** Where and how often to notify. */
export interface NotifyAddress {
  /** Path of the socket, or `@` and the name of an abstract one. */
  readonly socket: string;
  /** The service manager's patience without a sign of progress, ms; null: it does not watch. */
  readonly watchdogMs: number | null;
}

/** What the environment says of it; null: there is nobody to be told. */
export function notifyAddress(
  env: Readonly<Record<string, string | undefined>>,
  pid: number,
): NotifyAddress | null {
  const socket = env.NOTIFY_SOCKET;
  if (!socket || !/^[/@]./.test(socket)) return null;
  const usec = Number(env.WATCHDOG_USEC);
  const ours = env.WATCHDOG_PID === undefined || Number(env.WATCHDOG_PID) === pid;
  return { socket, watchdogMs: ours && usec > 0 ? usec / 1000 : null };
}

/** What the Worker is told first. */
export interface NotifierPlaces {
  readonly socket: string;
  /** Where its own end is bound; removed at the end. */
  readonly local: string;
}

/** What the Worker says: that it listens, and how each message went. */
export type NotifierAnswer = { readonly ready: true } | { readonly error: string | null };

/** What it needs. */
export interface ServiceManagerOptions {
  readonly address: NotifyAddress;
  /** A directory that this process may write; holds the Worker's end of the socket. */
  readonly stateDir: string;
  /** URL of `roles/notifier.ts`. */
  readonly module: URL;
  readonly log: Log;
  readonly clock: Clock;
}

/** A datagram socket's address is no longer than that, bytes. */
const MAX_PATH = 107;
/** How long the last message may take at the end, ms. */
const LAST_MS = 500;

/** Tells the service manager; what cannot be told is warned of once. */
export class ServiceManager implements AsyncDisposable {
  readonly #options: ServiceManagerOptions;
  readonly #places: NotifierPlaces;
  #worker: Worker | null = null;
  #status = "";
  #warned = false;
  /** The Worker listens. */
  readonly #ready = Promise.withResolvers<void>();
  #pending = 0;
  #settled = Promise.withResolvers<void>();

  constructor(options: ServiceManagerOptions) {
    this.#options = options;
    this.#places = { socket: options.address.socket, local: `${options.stateDir}/notify.sock` };
    try {
      this.#open();
    } catch (error) {
      this.#warn(error);
    }
  }

  #open(): void {
    const { socket, local } = this.#places;
    if (new TextEncoder().encode(local).length > MAX_PATH) {
      throw new Error(`the path ${local} is longer than ${MAX_PATH} bytes`);
    }
    const paths = [socket.replace(/^@/, "\0"), local];
    const net = paths.map((path) => `unix:${path}`);
    this.#worker = new Worker(this.#options.module, {
      type: "module",
      name: "notifier",
      deno: { permissions: { net, read: paths, write: paths } },
    });
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#warn(event.message);
    };
    this.#worker.onmessage = ({ data }: MessageEvent<NotifierAnswer>) => {
      if ("ready" in data) return this.#ready.resolve();
      if (data.error !== null) this.#warn(data.error);
      if (--this.#pending > 0) return;
      this.#settled.resolve();
      this.#settled = Promise.withResolvers();
    };
    this.#post(this.#places);
  }

  ready(): void {
    this.#send("READY=1");
  }

  /** To be followed by {@linkcode ready}. */
  reloading(): void {
    // systemd wants to know that this answers its signal: its own clock, from which uptime differs by
    // the time that the machine slept, and by the second that it is rounded up to.
    this.#send(`RELOADING=1\nMONOTONIC_USEC=${this.#options.clock.uptime() * 1_000_000}`);
  }

  stopping(): void {
    this.#send("STOPPING=1");
  }

  /** A sentence for `systemctl status`; told when it is another one. */
  status(text: string): void {
    const line = text.replaceAll(/\s+/g, " ").trim();
    if (line === this.#status) return;
    this.#status = line;
    this.#send(`STATUS=${line}`);
  }

  /** The supervisor makes progress; to be called twice or more within `watchdogMs`. */
  alive(): void {
    if (this.#options.address.watchdogMs !== null) this.#send("WATCHDOG=1");
  }

  #send(text: string): void {
    if (!this.#worker) return;
    this.#pending++;
    this.#post(text);
  }

  #post(message: NotifierPlaces | string): void {
    this.#ready.promise.then(() => this.#worker!.postMessage(message));
  }

  #warn(error: unknown): void {
    if (this.#warned) return;
    this.#warned = true;
    const { socket, local } = this.#places;
    const remedy = isNotCapable(error)
      ? "; run from source, this process needs --allow-net with both paths as unix:PATH"
      : "";
    this.#options.log.warn(`the service manager cannot be told how this node is${remedy}`, {
      socket,
      local,
      error: describeError(error),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#worker) return;
    if (this.#pending > 0) await deadline(this.#settled.promise, LAST_MS, () => {});
    this.#worker.terminate();
    await Deno.remove(this.#places.local).catch(() => {});
  }
}
