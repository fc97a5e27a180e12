/**
 * What Neutron says of its ports, as the resource syncer sees it whenever it walks through all of them: the endpoint
 * status watcher compares it with what Felix says, and need not ask Neutron itself.
 *
 * @module
 */
import { z } from "zod";
import { RateLimitedLog } from "../base/rate_limited.ts";
import type { PortSeen } from "../openstack/records.ts";
import { FOLDERS } from "../process/state_files.ts";
import type { JobContext, Term } from "../role/master_context.ts";
import { RingReader, RingWriter } from "../state/ring.ts";

/** Ports in one page. */
const PAGE = 1000;
/** Pages that are there to be read: some 10 MB. */
const PAGES = 128;
const FOLDER = `${FOLDERS.resources}/seen-ports`;
/** What is longer is no id, status or host of Neutron's. */
const MAX_CHARS = 255;

const text = z.string().max(MAX_CHARS);
const pageSchema = z.object({
  /** The term in which it was read. */
  term: z.string(),
  /** Before Neutron was asked for it, ms since the epoch. */
  askedAt: z.number(),
  /** Ids with status and host; the host is "" when the port is unbound. */
  ports: z.array(z.tuple([text.min(1), text, text])).max(PAGE),
  /** Ids of those whose `data_plane_status` is DOWN. */
  faulty: z.array(text).max(PAGE).default([]),
  /** Whether Neutron shows that of all of them. */
  showsFaults: z.boolean().default(false),
  /** All that was asked for since `askedAt` has been passed on: every port that Neutron lists. */
  ends: z.boolean(),
});
/** Some ports as Neutron had them at `askedAt` or later; or that a walk through all of them has ended. */
export type SeenPage = z.infer<typeof pageSchema>;

/** Passes on what walks through all ports see; one for each term, disposed of at its end. */
export class SeenPortsWriter implements AsyncDisposable {
  readonly #ring: RingWriter<SeenPage>;
  readonly #limited: RateLimitedLog;
  readonly #term: string;

  constructor(
    { term }: Pick<Term, "term">,
    stateDir: string,
    { log, clock }: Pick<JobContext, "log" | "clock">,
  ) {
    this.#term = term;
    this.#ring = new RingWriter(`${stateDir}/${FOLDER}`, PAGES);
    this.#limited = new RateLimitedLog(log, clock);
  }

  /** Passes a page on; see `ResyncDeps.onPorts`. */
  readonly onPorts = (seen: readonly PortSeen[], askedAt: number): void => {
    const known = seen.filter(({ id, status, host }) =>
      id !== "" && [id, status, host].every(({ length }) => length <= MAX_CHARS)
    );
    for (let at = 0; at < known.length; at += PAGE) {
      const page = known.slice(at, at + PAGE);
      const ports = page
        .map(({ id, status, host }): SeenPage["ports"][number] => [id, status, host]);
      const faulty = page.filter(({ isFaulty }) => isFaulty).map(({ id }) => id);
      const showsFaults = page.every(({ isFaulty }) => isFaulty !== null);
      this.#append({ term: this.#term, askedAt, ports, faulty, showsFaults, ends: false });
    }
  };

  /** All ports have been passed on; see `ResyncDeps.onPortsEnd`. */
  readonly onPortsEnd = (startedAt: number): void => {
    const page = { ports: [], faulty: [], showsFaults: false, ends: true };
    this.#append({ term: this.#term, askedAt: startedAt, ...page });
  };

  /** Resolves when no page of this term's can be written any more. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#ring[Symbol.asyncDispose]();
  }

  #append(page: SeenPage): void {
    this.#ring.append(page).catch((error) =>
      this.#limited.warn("what Neutron says of its ports cannot be passed on", { error })
    );
  }
}

/** Reads what {@linkcode SeenPortsWriter} passes on. */
export function readSeenPorts(stateDir: string): RingReader<SeenPage> {
  return new RingReader(`${stateDir}/${FOLDER}`, PAGES, pageSchema);
}
