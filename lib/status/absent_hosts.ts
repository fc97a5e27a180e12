/**
 * The hosts of which Felix gives no status: those that are gone, and those that have endpoints though no
 * Felix was ever seen there. What is not known for certain says nothing: a deletion that was seen is
 * certain at once, one that a snapshot shows only after a while, since etcd may be a backup that hosts have
 * not written to yet. Pure.
 *
 * @module
 */
import { clip } from "../base/clip.ts";
import type { Agent } from "../state/records.ts";
import { MAX_NAME_CHARS } from "./names.ts";
import { LATE_AGENT_MS } from "./freshness.ts";
import { isNear, nearNames } from "./near_names.ts";
import { MAX_SEEN_HOSTS, type SeenHosts } from "./seen_hosts.ts";

/** A host without endpoints is forgotten so long after it went, ms: it was taken out of service. */
export const FORGET_MS = 24 * 3_600_000;
/** The same where nobody knows whether it has some, ms. */
export const FORGET_UNKNOWN_MS = 7 * FORGET_MS;
/** A host with endpoints counts as unserved after this, ms: the two sides are not seen at one moment. */
export const UNSERVED_AFTER_MS = 60_000;
/** Names that are like an unserved host's are looked for, for so many hosts; so many of them at a time. */
const MAX_COMPARED = 20;
const COMPARED_AT_ONCE = 2;
const MAX_NEAR = 3;

/** Endpoints of hosts by their names; null: not known. */
type Endpoints = ReadonlyMap<string, number> | null;

/** A host that is absent. */
export type AbsentHost =
  & Agent
  & Required<Pick<Agent, "absent" | "absentSince" | "endpoints" | "near">>;

/** Follows which hosts come and go. Times are ms since the epoch. */
export class AbsentHosts {
  /** Hosts with a status, of whatever shape. */
  readonly #present = new Set<string>();
  readonly #gone = new Map<string, { since: number; certainAt: number }>();
  readonly #unserved = new Map<string, number>();
  readonly #near = new Map<string, string[]>();
  #changes = 0;

  /** How often what is to be remembered has changed. */
  get changes(): number {
    return this.#changes;
  }

  /** A status is there. */
  came(host: string): void {
    if (this.#present.has(host)) return;
    this.#present.add(host);
    this.#changes++;
    this.#gone.delete(host);
    for (const [unserved, near] of this.#near) {
      if (!isNear(unserved, host)) continue;
      this.#near.set(unserved, nearNames(unserved, [...near, host], MAX_NEAR));
    }
  }

  /** A status was deleted; `live`: that was seen as it happened. */
  went(host: string, now: number, live: boolean): void {
    if (!this.#present.delete(host)) return;
    for (const [unserved, near] of this.#near) {
      if (near.includes(host)) this.#near.delete(unserved); // another one may take its place
    }
    this.#addGone(host, now, live ? now : now + LATE_AGENT_MS);
  }

  /**
   * Takes what was remembered, once all that is there now has been seen; what is known better stays as it is, as
   * it may be taken again.
   */
  restore({ seen, gone }: SeenHosts, now: number): void {
    for (const [host, since] of gone) {
      if (this.#present.has(host)) continue;
      const known = this.#gone.get(host);
      const certainAt = Math.min(known?.certainAt ?? Infinity, now + LATE_AGENT_MS);
      this.#gone.set(host, { since: Math.min(since, known?.since ?? now), certainAt });
    }
    for (const host of seen) {
      if (!this.#present.has(host) && !this.#gone.has(host)) {
        this.#addGone(host, now, now + LATE_AGENT_MS);
      }
    }
  }

  /** What is to be remembered. */
  remembered(): SeenHosts {
    return {
      seen: [...this.#present],
      gone: [...this.#gone].map(([host, { since }]) => [host, since]),
    };
  }

  has(host: string): boolean {
    return this.#present.has(host);
  }

  /** How many are not there and may write again: it is not certain yet that they are gone. */
  awaited(now: number): number {
    return [...this.#gone.values()].filter(({ certainAt }) => now < certainAt).length;
  }

  /** Forgets whom nobody misses any more, and tells which hosts are absent: the gone ones first. */
  list(endpoints: Endpoints, now: number): AbsentHost[] {
    this.#forget(endpoints, now);
    this.#followUnserved(endpoints, now);
    const gone = [...this.#gone].filter(([, { certainAt }]) => now >= certainAt)
      .map(([host, { since }]) => this.#row(host, "gone", since, endpoints));
    const unserved = [...this.#unserved].filter(([, since]) => now - since >= UNSERVED_AFTER_MS)
      .map(([host, since]) => this.#row(host, "unserved", since, endpoints));
    this.#findNear(unserved);
    const most = (a: AbsentHost, b: AbsentHost) =>
      Math.sign(b.near.length) - Math.sign(a.near.length) ||
      (b.endpoints ?? 0) - (a.endpoints ?? 0) || a.absentSince - b.absentSince;
    return [...gone.sort(most), ...unserved.sort(most)];
  }

  #addGone(host: string, since: number, certainAt: number): void {
    if (this.#gone.size >= MAX_SEEN_HOSTS) {
      this.#gone.delete(this.#gone.keys().next().value!);
    }
    this.#gone.set(host, { since, certainAt });
    this.#changes++;
  }

  #forget(endpoints: Endpoints, now: number): void {
    const forgetMs = endpoints ? FORGET_MS : FORGET_UNKNOWN_MS;
    for (const [host, { since }] of this.#gone) {
      if (now - since < forgetMs || endpoints?.has(host)) continue;
      this.#gone.delete(host);
      this.#changes++;
    }
  }

  #followUnserved(endpoints: Endpoints, now: number): void {
    const isUnserved = (host: string) => !this.#present.has(host) && !this.#gone.has(host);
    for (const host of this.#unserved.keys()) {
      if (endpoints?.has(host) && isUnserved(host)) continue;
      this.#unserved.delete(host);
      this.#near.delete(host);
    }
    for (const host of endpoints?.keys() ?? []) {
      if (!this.#unserved.has(host) && isUnserved(host)) this.#unserved.set(host, now);
    }
  }

  #row(
    host: string,
    absent: AbsentHost["absent"],
    absentSince: number,
    endpoints: Endpoints,
  ): AbsentHost {
    return {
      host: clip(host, MAX_NAME_CHARS),
      time: null,
      uptimeSeconds: null,
      reportedAt: null,
      endpoints: endpoints && (endpoints.get(host) ?? 0),
      absent,
      absentSince,
      near: this.#near.get(host) ?? [],
    };
  }

  /** Comparing a name with all others takes a while: of a few hosts, and those not all at once. */
  #findNear(unserved: AbsentHost[]): void {
    let left = COMPARED_AT_ONCE;
    for (const row of unserved) {
      if (left === 0 || this.#near.size >= MAX_COMPARED) return;
      if (this.#near.has(row.host)) continue;
      left--;
      row.near = nearNames(row.host, this.#present, MAX_NEAR);
      this.#near.set(row.host, row.near);
    }
  }
}
