/**
 * The members of an etcd cluster as this process sees them: which answer, and which are left alone for
 * a while. A member is sick when its connection fails, or when it does not answer while another does; it
 * is asked again in the background, after a pause that grows, so that no call pays for finding out.
 *
 * Nothing here is certain: a sick member is asked after the others, not never.
 *
 * @module
 */
import type { Etcd3 } from "etcd3";
import { deadline } from "../base/deadline.ts";
import type { Meter } from "../metrics/meter.ts";
import { isBetweenLeaders, isOfMember } from "./call_errors.ts";
import { Member } from "./member.ts";
import { poolOf } from "./pool.ts";

/** Time that a member has to answer when another has answered already, ms; or thrice as long as that took. */
const GRACE_MS = 250;
/** Time for an answer of any of two. */
const PROBE_MS = 3000;
/** A member that is asked again is well when it answers within this. */
const WELL_MS = 1000;

/** All members that are configured, and what is being asked of them. */
export class Members {
  readonly #doubts = new Map<Member, Promise<void>>();
  readonly #asked = new Set<Member>();

  constructor(readonly all: readonly Member[], readonly meter?: Meter) {}

  /** A member to ask, a well one if there is any, but none of `except`; null: there is none left. */
  choose(except: ReadonlySet<Member> = new Set()): Member | null {
    this.#askAgain();
    const left = this.all.filter((member) => !except.has(member));
    const well = left.filter((member) => member.well);
    const from = well.length > 0 ? well : left;
    return from[Math.floor(Math.random() * from.length)] ?? null;
  }

  /** Whether there is a member that is thought to do better than this one. */
  hasBetter(than: Member): boolean {
    return this.all.some((member) => member !== than && member.well);
  }

  /** Notes what a failed call says of the member. */
  note(member: Member, error: unknown): void {
    if (isOfMember(error) && !isBetweenLeaders(error)) member.sicken();
  }

  /**
   * A member is slow to answer: finds out whether another is not, which makes it sick. Callers at the same
   * time share one inquiry.
   */
  doubt(member: Member): Promise<void> {
    const found = this.#doubts.get(member);
    if (found) return found;
    const inquiry = this.#compare(member).finally(() => this.#doubts.delete(member));
    this.#doubts.set(member, inquiry);
    return inquiry;
  }

  async #compare(member: Member): Promise<void> {
    const other = this.choose(new Set([member]));
    if (!other?.well) return;
    const from = performance.now();
    const until = Date.now() + PROBE_MS;
    const own = answers(member, until);
    const others = answers(other, until);
    if (await Promise.race([own, others.then((ok) => ok ? false : own)])) return member.recover();
    const graceMs = Math.max(GRACE_MS, 3 * (performance.now() - from));
    if (!await deadline(own, graceMs, () => false) && await others) member.sicken();
  }

  /** Asks sick members whose pause is over. */
  #askAgain(): void {
    for (const member of this.all) {
      if (!member.due || this.#asked.has(member)) continue;
      this.#asked.add(member);
      answers(member, Date.now() + WELL_MS).then((ok) => {
        this.#asked.delete(member);
        if (ok) member.recover();
        else member.sicken();
      });
    }
  }
}

function answers(member: Member, until: number): Promise<boolean> {
  return member.probe(until).then(() => true, () => false);
}

const registered = new WeakMap<Etcd3, Members>();

/** Notes whose client this is. */
export function register(etcd: Etcd3, members: Members): void {
  registered.set(etcd, members);
}

/** The members behind a client; one that was not opened by `openEtcd` counts as a single member. */
export function membersOf(etcd: Etcd3): Members {
  let members = registered.get(etcd);
  if (!members) register(etcd, members = new Members([new Member("", etcd)]));
  return members;
}

/** Ends all connections. */
export function closeAll({ all }: Members): void {
  for (const { etcd } of all) poolOf(etcd).close();
}
