/**
 * Ports that the endpoint status watcher asks to be read now, since Felix has spoken of them on a host on which
 * Neutron is not known to have them. Those whose endpoint is known on that host alone are right already. All others are
 * read at once, and again a little later while that does not show: Felix may be quicker than Neutron, and on its
 * way a migrating port has both hosts.
 *
 * @module
 */
import { RateLimitedLog } from "../../base/rate_limited.ts";
import { endpointNameParts, resourcePrefixes } from "../../calico/keys.ts";
import type { JobContext, Term } from "../../role/master_context.ts";
import type { RingReader } from "../../state/ring.ts";
import { type Look, readLookHints } from "../../status/look_hints.ts";
import type { CloudIndex } from "../index/cloud_index.ts";
import type { EventSync } from "./events.ts";

/** When a port is read, ms after it was named. */
const READS_MS: readonly number[] = [0, 2000, 10_000];
/** Between looks for what nobody told of, ms. */
const TURN_MS = 1000;
/** Ports that may wait for their next read; what comes beyond that is not taken. */
const MAX_WAITING = 2000;

/** What {@linkcode Looks} works with. */
export interface LooksOptions {
  readonly term: Term;
  readonly context: Pick<JobContext, "clock" | "log">;
  readonly region: string | null;
  readonly hints: RingReader<Look>;
  /** null: nothing is known yet. */
  index(): CloudIndex | null;
  /** Reads these ports. */
  look(ports: readonly string[]): void;
}

interface Waiting {
  readonly port: string;
  readonly host: string;
  /** Reads that are done. */
  reads: number;
  /** Monotonic ms. */
  dueAt: number;
}

/** Has `events` read what the watcher of this node names, until the term ends. */
export async function followLooks(
  term: Term,
  region: string | null,
  events: EventSync,
  context: LooksOptions["context"],
): Promise<void> {
  using hints = readLookHints(events.options.stateDir);
  const index = () => events.options.index();
  const look = (ports: readonly string[]) => events.look(ports);
  await new Looks({ term, context, region, hints, index, look }).run();
}

/** Takes such ports for one term. */
export class Looks {
  readonly #prefix: string;
  readonly #limited: RateLimitedLog;
  readonly #waiting = new Map<string, Waiting>();

  constructor(readonly options: LooksOptions) {
    this.#prefix = resourcePrefixes(options.region).WorkloadEndpoint;
    this.#limited = new RateLimitedLog(options.context.log, options.context.clock);
  }

  /** Takes what is named until the term ends. */
  async run(): Promise<void> {
    const { hints, term: { term, signal }, context: { clock } } = this.options;
    while (!signal.aborted) {
      try {
        for await (const look of hints.take()) if (look.term === term) this.#add(look);
      } catch (error) {
        this.#limited.warn("ports that are to be read cannot be learned", { error });
        await clock.sleep(TURN_MS, signal).catch(() => {});
      }
      this.turn();
      await hints.wait(this.#waitMs(), clock, signal);
    }
  }

  #add({ ports }: Look): void {
    const now = this.options.context.clock.monotonic();
    for (const [port, host] of ports) {
      if (this.#waiting.size >= MAX_WAITING) return;
      this.#waiting.set(`${host}/${port}`, { port, host, reads: 0, dueAt: now });
    }
  }

  /** Has what is due read. */
  turn(): void {
    const now = this.options.context.clock.monotonic();
    const due = new Set<string>();
    for (const [name, waiting] of this.#waiting) {
      if (waiting.dueAt > now) continue;
      const { port, host, reads } = waiting;
      const [before, next] = [READS_MS[reads]!, READS_MS[reads + 1]];
      if (this.#isRight(port, host)) {
        this.#waiting.delete(name);
        continue;
      }
      due.add(port);
      if (next === undefined) this.#waiting.delete(name);
      else {
        waiting.reads++;
        waiting.dueAt = now + next - before;
      }
    }
    if (due.size > 0) this.options.look([...due]);
  }

  #waitMs(): number {
    const now = this.options.context.clock.monotonic();
    let ms = TURN_MS;
    for (const { dueAt } of this.#waiting.values()) ms = Math.min(ms, Math.max(0, dueAt - now));
    return ms;
  }

  /** Whether the port's endpoint is known to be on that host, and on no other. */
  #isRight(port: string, host: string): boolean {
    const prefix = this.#prefix;
    const keys = [...this.options.index()?.keysOf(port) ?? []]
      .filter((key) => key.startsWith(prefix));
    return keys.length > 0 &&
      keys.every((key) => endpointNameParts(key.slice(prefix.length))?.host === host);
  }
}
