/**
 * The door to Neutron: so many requests of one client are under way at a time as `pace.ts` allows, and what
 * cannot wait goes before what can, and by one beyond the pace, never beyond the most. It also adds up for how long
 * Neutron has been busy with them: with each attempt that it answered. What Keystone takes is not Neutron's.
 *
 * @module
 */
import { MAX_PAUSE_MS, Pace, type SlowReason, slowReason } from "./pace.ts";

/** After so many urgent ones in a row one that is not urgent and waits has its turn. */
const URGENT_IN_A_ROW = 15;
/**
 * For so long after an urgent one a place is kept for the next, ms: what is read of one change comes in a few steps,
 * each of which would wait for a page of a long list.
 */
const PLACE_KEPT_MS = 1000;

/** What an answer is judged by; see `Answer`. */
export interface Size {
  readonly kind: string;
  readonly records: number;
}

/** A request that is under way; whoever sends it tells of each attempt. */
export class UnderWay {
  /** Most that were under way at a time since it is. */
  beside = 0;
  /** How long Neutron took for the attempts that it answered, ms. */
  tookMs = 0;
  /** How long all attempts took, until they were answered, refused or given up, ms. */
  waitedMs = 0;
  readonly #pace: Pace;
  readonly #era: number;
  readonly #monotonic: () => number;
  /** When the attempt was sent that Neutron has not answered; null: there is none. */
  #sentAt: number | null = null;
  #wasRefused = false;

  constructor(pace: Pace, monotonic: () => number) {
    this.#pace = pace;
    this.#era = pace.era;
    this.#monotonic = monotonic;
  }

  /** An attempt is sent: what came before it, such as waiting for a token, is not Neutron's. */
  sent(): void {
    this.#sentAt = this.#monotonic();
  }

  /**
   * An answer begins to come. Neutron makes it whole before it sends any of it, so that it has done its part: how long
   * the rest takes says how busy this process is with other answers.
   */
  heard(): void {
    this.tookMs += this.ended();
  }

  /** The attempt is over, if there is one; how long it took, ms. */
  ended(): number {
    if (this.#sentAt === null) return 0;
    const ms = this.#monotonic() - this.#sentAt;
    this.waitedMs += ms;
    this.#sentAt = null;
    return ms;
  }

  /** Neutron has refused that attempt with that status, or, null, does not answer; it may be sent again. */
  refused(status: number | null): void {
    this.#wasRefused = true;
    const reason = slowReason(status);
    // Nobody, or a proxy, has waited in vain: that tells nothing of how busy Neutron was.
    if (reason === "no-answer" || reason === "unavailable") this.ended();
    else this.heard();
    if (reason) this.#pace.refused(reason, this.#era);
  }

  /** It was answered. What was sent more than once tells of its waits, and is not judged. */
  answered(size: Size): void {
    if (this.#wasRefused) return;
    this.#pace.answered({ ...size, ms: this.tookMs, beside: this.beside }, this.#era);
  }
}

/** Adds up for how long requests of one sort were under way. */
export interface BusyTime {
  /** Of the attempts that Neutron answered, until it did, ms. */
  busyMs: number;
  /** Of all attempts, until they were answered, refused or given up, ms. */
  waitedMs: number;
}

/** What is asked through the gate. */
export interface Turn<T> {
  readonly urgent: boolean;
  readonly signal: AbortSignal;
  /** Sends it and waits for the answer; tells `underWay` of each attempt. */
  send(underWay: UnderWay): Promise<T>;
  /** What the answer is judged by; null: it is not. */
  sizeOf?(answer: T): Size | null;
  /** Where its time is added up beside the gate's own sum. */
  readonly account?: BusyTime;
}

/** How a gate is made. */
export interface GateOptions {
  /** @default performance.now */
  readonly monotonic?: () => number;
  /** Called each time that fewer may be under way than before. */
  onDown?(reason: SlowReason): void;
  /** Called when a request is sent, with how many are under way then. */
  onSend?(underWay: number): void;
}

/** Lets requests through, a few at a time. */
export class RequestGate {
  /** How long Neutron took for what it answered, all added up, ms. */
  busyMs = 0;
  readonly pace: Pace;
  readonly #underWay = new Set<UnderWay>();
  readonly #urgent: (() => void)[] = [];
  readonly #others: (() => void)[] = [];
  readonly #monotonic: () => number;
  readonly #options: GateOptions;
  #urgentInRow = 0;
  #urgentAt = -Infinity;
  /** Who has said that urgent ones will come. */
  #expecting = 0;

  /** @param most requests under way at a time. */
  constructor(readonly most: number, options: GateOptions = {}) {
    this.#options = options;
    this.#monotonic = options.monotonic ?? (() => performance.now());
    this.pace = new Pace(most, this.#monotonic, (reason) => options.onDown?.(reason));
  }

  /** Requests under way. */
  get underWay(): number {
    return this.#underWay.size;
  }

  /** Keeps a place for urgent ones until this is over, however it ends, as after one of them. */
  async keepPlaceUntil<T>(over: Promise<T>): Promise<T> {
    this.#expecting++;
    try {
      return await over;
    } finally {
      this.#expecting--;
      this.#urgentAt = this.#monotonic();
    }
  }

  /**
   * How many may be under way now, of how many, and why that is fewer; null: nothing has burdened Neutron of late. Where
   * few are sent, the limit stays low without a reason: nobody has tried more.
   */
  record(): { limit: number; most: number; spared: SlowReason | null } {
    const { most, pace: { limit, cameDown } } = this;
    const isLate = cameDown !== null && this.#monotonic() - cameDown.at < MAX_PAUSE_MS;
    return { limit, most, spared: limit < most && isLate ? cameDown.reason : null };
  }

  /** Does it when it is its turn. @throws the signal's reason while it waits, or what `send` throws. */
  async run<T>({ urgent, signal, send, sizeOf, account }: Turn<T>): Promise<T> {
    const turn = await this.#enter(urgent, signal);
    try {
      const answer = await send(turn);
      const size = sizeOf?.(answer);
      if (size) turn.answered(size);
      return answer;
    } finally {
      turn.ended();
      const { tookMs, waitedMs } = turn;
      this.busyMs += tookMs;
      if (account) {
        account.busyMs += tookMs;
        account.waitedMs += waitedMs;
      }
      this.#underWay.delete(turn);
      this.#admit();
    }
  }

  async #enter(urgent: boolean, signal: AbortSignal): Promise<UnderWay> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<UnderWay>();
    const queue = urgent ? this.#urgent : this.#others;
    const begin = () => {
      signal.removeEventListener("abort", onAbort);
      resolve(this.#begin());
    };
    const onAbort = () => {
      queue.splice(queue.indexOf(begin), 1);
      reject(signal.reason);
    };
    queue.push(begin);
    signal.addEventListener("abort", onAbort, { once: true });
    this.#admit();
    return await promise;
  }

  #begin(): UnderWay {
    const turn = new UnderWay(this.pace, this.#monotonic);
    this.#underWay.add(turn);
    this.#options.onSend?.(this.#underWay.size);
    for (const each of this.#underWay) each.beside = Math.max(each.beside, this.#underWay.size);
    return turn;
  }

  #admit(): void {
    for (let next; (next = this.#next()) !== undefined;) next();
  }

  /** Whoever may be sent now. */
  #next(): (() => void) | undefined {
    const { size } = this.#underWay;
    const { limit } = this.pace;
    const isOthersTurn = this.#urgentInRow >= URGENT_IN_A_ROW && this.#others.length > 0;
    if (!isOthersTurn && this.#urgent.length > 0) {
      if (size >= Math.min(this.most, limit + 1)) return undefined;
      this.#urgentInRow++;
      this.#urgentAt = this.#monotonic();
      return this.#urgent.shift();
    }
    const isExpected = this.#expecting > 0 || this.#monotonic() - this.#urgentAt < PLACE_KEPT_MS;
    const isUrgentTime = isExpected && !isOthersTurn;
    // An urgent one may go beyond the pace, so a place is only wanted where the pace is at the most.
    const open = isUrgentTime ? Math.max(1, Math.min(limit, this.most - 1)) : limit;
    if (size >= open) return undefined;
    this.#urgentInRow = 0;
    return this.#others.shift();
  }
}
