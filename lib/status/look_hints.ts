/**
 * Ports that the resource syncer should read now: Felix has just spoken of them on a host on which Neutron is not
 * known to have them. That is how an activation of a binding shows, of which Neutron announces nothing.
 *
 * @module
 */
import { z } from "zod";
import type { Clock } from "../base/clock.ts";
import type { RateLimitedLog } from "../base/rate_limited.ts";
import { OBJECT_ID } from "../openstack/object_id.ts";
import { FOLDERS } from "../process/state_files.ts";
import { RingReader, RingWriter } from "../state/ring.ts";
import { MAX_NAME_CHARS } from "./names.ts";

const FOLDER = `${FOLDERS.ports}/look`;
const FILES = 16;
/** Ports in one file. */
const MAX_PORTS = 500;
/** They are gathered for so long, which also bounds the files per second; ms. */
const GATHER_MS = 100;
/** The same port on the same host is not named again for so long, ms. */
const AGAIN_MS = 60_000;
/** Of so many it is remembered that they were named; what comes beyond that in {@linkcode AGAIN_MS} is not. */
const MAX_REMEMBERED = 10_000;

const lookSchema = z.object({
  /** The term in which it was seen. */
  term: z.string(),
  /** Ids of ports, each with the host on which Felix speaks of it. */
  ports: z.array(z.tuple([z.string().regex(OBJECT_ID), z.string().min(1).max(MAX_NAME_CHARS)]))
    .max(MAX_PORTS),
});
export type Look = z.infer<typeof lookSchema>;

/** Names ports; one for each term. */
export class LookHints {
  readonly #ring: RingWriter<Look>;
  readonly #named = new Map<string, number>();
  #waiting: Look["ports"] = [];
  #woken = Promise.withResolvers<void>();

  constructor(
    readonly term: string,
    stateDir: string,
    readonly clock: Clock,
    readonly log: RateLimitedLog,
  ) {
    this.#ring = new RingWriter(`${stateDir}/${FOLDER}`, FILES);
  }

  /** Felix speaks of that port on that host. */
  add(port: string, host: string): void {
    if (!OBJECT_ID.test(port) || host === "" || host.length > MAX_NAME_CHARS) return;
    const name = `${host}/${port}`;
    const now = this.clock.monotonic();
    if (now - (this.#named.get(name) ?? -Infinity) < AGAIN_MS) return;
    this.#forget(now);
    if (this.#named.size >= MAX_REMEMBERED) return;
    this.#named.delete(name); // its place is the last
    this.#named.set(name, now);
    this.#waiting.push([port, host]);
    this.#woken.resolve();
  }

  #forget(now: number): void {
    for (const [name, at] of this.#named) {
      if (now - at < AGAIN_MS) return;
      this.#named.delete(name);
    }
  }

  /** Writes what is named, until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const onAbort = () => this.#woken.resolve();
    signal.addEventListener("abort", onAbort, { once: true });
    while (!signal.aborted) {
      await this.#woken.promise;
      await this.clock.sleep(GATHER_MS, signal).catch(() => {});
      if (signal.aborted) return;
      const ports = this.#waiting.splice(0, MAX_PORTS);
      if (this.#waiting.length === 0) this.#woken = Promise.withResolvers();
      await this.#ring.append({ term: this.term, ports }).catch((error) =>
        this.log.warn("ports to be read cannot be passed on to the resource syncer", { error })
      );
    }
  }
}

/** Reads what {@linkcode LookHints} names. */
export function readLookHints(stateDir: string): RingReader<Look> {
  return new RingReader(`${stateDir}/${FOLDER}`, FILES, lookSchema);
}
