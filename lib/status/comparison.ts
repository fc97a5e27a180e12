/**
 * Compares what Neutron shows of its ports with what Felix says of their endpoints, page by page as the resource
 * syncer walks through all ports, and lets wait what differs, the newest first.
 *
 * - What a term finds in etcd when it begins is unsure, and is not reported before it was compared. Only when no
 *   page has come for a while, when all pages have come, or after {@linkcode MAX_WAIT_MS}, is what is left of it
 *   reported as if it differed.
 * - Only what Felix says on the host where Neutron has the port counts: Neutron ignores all else.
 * - A page that is older than what Neutron took of a port says nothing of it.
 * - What differs again and again although Neutron takes reports of it, as a port that is administratively down,
 *   is reported again ever more seldom.
 * - A port that Neutron calls faulty (`data_plane_status`) although Felix does not, or the other way round, is
 *   reported whatever its status: only a report changes that.
 * - A port that Felix says nothing of, or Neutron, is left as it is.
 *
 * @module
 */
import { whenAborted } from "../base/abortable.ts";
import type { Clock } from "../base/clock.ts";
import { Watchdog } from "../role/heartbeat.ts";
import type { Ports } from "../state/records.ts";
import type { EndpointStates } from "./endpoint_states.ts";
import { endpointId } from "./felix_status.ts";
import { toldStatus } from "./reporter.ts";
import type { SeenPage } from "./seen_ports.ts";
import { isDue } from "./tries.ts";

/** Without a page for so long, nobody walks through the ports now; ms. */
const SILENCE_MS = 60_000;
/** Nothing stays unsure for longer, ms. */
const MAX_WAIT_MS = 15 * 60_000;
/** Between looks for pages of which nobody told, ms. */
const TURN_MS = 1000;
/** No page takes longer, ms. */
const LATE_MS = 60_000;

/** Where pages come from. */
export interface PageSource {
  /** Pages that were lost on the way. */
  readonly lost: number;
  take(): AsyncIterable<SeenPage>;
  wait(maxMs: number, clock: Clock, signal: AbortSignal): Promise<void>;
}

/** What a {@linkcode Comparison} works with. */
export interface ComparisonOptions {
  readonly states: EndpointStates;
  /** Of Felix's keys. */
  readonly prefix: string;
  /** The term; a page of another one says nothing. */
  readonly term: string;
  /** A page that was asked for before says nothing, ms since the epoch. */
  readonly validFrom: number;
  readonly clock: Clock;
  /** null: there is nothing to compare with, and all is reported. */
  readonly pages: PageSource | null;
  /** Whether a report of that port at that host is on its way. */
  isUnderWay(host: string, port: string): boolean;
  /** Tells whether Neutron calls that port faulty; see `StatusReporter.noteFault`. */
  noteFault(port: string, isFaulty: boolean, askedAt: number): boolean;
  /** Neutron shows an error of which Felix speaks, and need not be told. */
  onKnownError(host: string, port: string): void;
  /** Something has begun to wait. */
  onWaiting(): void;
  /** Pages cannot be read now. */
  onTrouble(error: unknown): void;
}

/** One term's comparison. */
export class Comparison {
  readonly watchdog: Watchdog;
  readonly #options: ComparisonOptions;
  /** When all that was in etcd had been read, monotonic ms; null: it is not. */
  #readAt: number | null = null;
  #read = Promise.withResolvers<void>();
  #pageAt = -Infinity;
  /** Beginning and end of the last whole walk, and when a page was last lost; ms since the epoch. */
  #whole: { readonly startedAt: number; readonly at: number } | null = null;
  #lostAt = -Infinity;
  #lost = 0;
  #pages = 0;
  #found = 0;
  #accepted = 0;
  /** All that a walk could show of what is unsure was seen, or is not waited for any longer. */
  #isOver = false;
  /** What was not compared is reported. */
  #isTelling = false;

  constructor(options: ComparisonOptions) {
    this.#options = options;
    this.watchdog = new Watchdog("the comparison with Neutron", options.clock);
  }

  /** All that is in etcd has been read; called as often as that shows. */
  allRead(): void {
    if (this.#readAt !== null) return;
    this.#readAt = this.#options.clock.monotonic();
    this.#read.resolve();
    if (!this.#options.pages) this.#end();
  }

  /** What the term finds when it begins, rather than sees happen: nobody knows yet whether Neutron shows it. */
  get isBeginning(): boolean {
    return this.#readAt === null;
  }

  /** Whether a whole walk has shown all ports, of which no page was lost. */
  get hasSeenAll(): boolean {
    return this.#whole !== null;
  }

  /** Neutron has taken a report of that endpoint, by its key. */
  accepted(key: string): void {
    const { states, clock } = this.#options;
    if (states.reported(key, clock.now()) > 0) this.#accepted++;
  }

  /** Compares whatever comes until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { pages, clock } = this.#options;
    if (!pages) return;
    await Promise.race([this.#read.promise, whenAborted(signal)]);
    while (!signal.aborted) {
      this.watchdog.within(LATE_MS);
      try {
        for await (const page of pages.take()) {
          if (signal.aborted) return;
          this.watchdog.within(LATE_MS);
          this.#noteLost(pages.lost);
          this.page(page);
          await clock.sleep(0, signal).catch(() => {}); // timers and sockets have their turn
        }
        this.#noteLost(pages.lost);
      } catch (error) {
        this.#options.onTrouble(error);
        await clock.sleep(TURN_MS, signal).catch(() => {});
      }
      this.#judgeSilence();
      await pages.wait(TURN_MS, clock, signal);
    }
  }

  /** Compares one page. */
  page({ term, askedAt, ports, faulty, showsFaults, ends }: SeenPage): void {
    const { clock, validFrom, noteFault, onWaiting } = this.#options;
    if (term !== this.#options.term || askedAt < validFrom) return;
    this.#pages++;
    this.#pageAt = clock.monotonic();
    const ill = new Set(faulty);
    for (const [port, status, host] of ports) {
      const isFaulty = ill.has(port);
      const counts = (showsFaults || isFaulty) && noteFault(port, isFaulty, askedAt);
      this.#port({ port, status, host, isFaulty: counts ? isFaulty : null }, askedAt);
    }
    if (ends) {
      if (this.#lostAt < askedAt) this.#whole = { startedAt: askedAt, at: clock.now() };
      // What no page has shown: Neutron does not list it, or it was lost on the way.
      this.#end();
    } else if (!this.#isOver) {
      this.#isTelling = false;
      this.#options.states.release(null);
    }
    onWaiting();
  }

  /** For the page and the metrics. */
  record(): NonNullable<Ports["comparison"]> {
    const { states } = this.#options;
    return {
      is: this.#state(),
      unsure: states.unsure,
      found: this.#found,
      accepted: this.#accepted,
      persisting: states.persisting,
      pages: this.#pages,
      lost: this.#lost,
      wholeAt: this.#whole?.at ?? null,
    };
  }

  #state(): NonNullable<Ports["comparison"]>["is"] {
    if (!this.#options.pages) return "off";
    if (this.#whole) return "compared";
    if (this.#isTelling) return "telling";
    return this.#pages > 0 ? "comparing" : "awaiting";
  }

  #end(): void {
    this.#isOver = true;
    this.#release();
  }

  #release(): void {
    const { states, clock, onWaiting } = this.#options;
    this.#isTelling = true;
    states.release(clock.now());
    onWaiting();
  }

  #judgeSilence(): void {
    const now = this.#options.clock.monotonic();
    const readAt = this.#readAt!;
    if (this.#isOver) return;
    if (now - readAt >= MAX_WAIT_MS) {
      this.#end();
    } else if (now - Math.max(readAt, this.#pageAt) >= SILENCE_MS) this.#release();
  }

  #noteLost(lost: number): void {
    if (lost === this.#lost) return;
    this.#lost = lost;
    this.#lostAt = this.#options.clock.now();
  }

  #port(shown: Shown, askedAt: number): void {
    const { states, prefix } = this.#options;
    const { port, host } = shown;
    let newest = -1;
    for (const row of states.rowsOf(port)) {
      const isHere = host !== "" && endpointId(states.key(row), prefix)?.host === host;
      states.place(row, isHere);
      // One that has lost its server's name to a newer one says nothing more.
      const isNewer = isHere && (newest < 0 || states.revision(row) > states.revision(newest));
      if (!isNewer) states.settle(row);
      else {
        if (newest >= 0) states.settle(newest);
        newest = row;
      }
    }
    if (newest >= 0) this.#compare(newest, shown, askedAt);
  }

  #compare(row: number, { port, status, host, isFaulty }: Shown, askedAt: number): void {
    const { states, clock, isUnderWay, onKnownError } = this.#options;
    if (states.waits(row)) return;
    const wanted = states.status(row);
    const isError = wanted === "ERROR";
    // Who reports it meanwhile may not have known that it is called faulty.
    const isCalledFaulty = isFaulty === true && !isError;
    if (isUnderWay(host, port) && !isCalledFaulty) return;
    if (states.wasReportedSince(row, askedAt) && !isCalledFaulty) return;
    const isFaultWrong = isFaulty !== null && isFaulty !== isError;
    const differs = isFaultWrong || differsFrom(wanted, status);
    const tries = states.differs(row, differs);
    if (differs) this.#found++;
    const isNewFault = states.faultDiffers(row, isFaultWrong);
    // An error has to be told for the sake of data_plane_status as well, where no list shows that.
    const isNewError = states.isUnsure(row) && isError && isFaulty === null;
    if (isNewError || isNewFault || (differs && isDue(tries))) {
      return states.wait(states.key(row), clock.now(), false);
    }
    states.settle(row);
    if (isError && isFaulty) onKnownError(host, port);
  }
}

/** A port of a page. */
interface Shown {
  readonly port: string;
  readonly status: string;
  readonly host: string;
  /** Whether it is called faulty until its status is reported; null: nobody can tell. */
  readonly isFaulty: boolean | null;
}

/** Whether Neutron shows something else than it would be told. What is an error there is no other than DOWN. */
function differsFrom(felix: string, neutron: string): boolean {
  return toldStatus(felix) === "ACTIVE"
    ? neutron !== "ACTIVE"
    : neutron === "ACTIVE" || neutron === "BUILD";
}
