/**
 * When so much is missing from a list that it cannot be believed. Pure.
 *
 * A service that is half up, a policy that hides objects and a proxy that cuts answers all look like a cloud
 * that has become smaller. What a list lacks is therefore judged per collection before anything of it is
 * deleted, or taken from what endpoints show.
 *
 * @module
 */
import type { Guard } from "../../state/records.ts";

/** So many objects may go at once, whatever share of all they are. */
const ALWAYS_ALLOWED = 50;

/** What a comparison would delete of one collection. */
export interface Loss {
  /** Objects that etcd holds, or shows. */
  readonly held: number;
  /** Objects that Neutron listed; null: it was not asked for a list. */
  readonly listed: number | null;
  /** Objects that are missing. */
  readonly lost: number;
}

/**
 * Why that is not to be believed; null: it may be.
 *
 * @param maxDeletions how many may be missing; null: 50, or else half of what etcd holds.
 */
export function whyHeld(
  { held, listed, lost }: Loss,
  maxDeletions: number | null,
): Guard["why"] & ("empty" | "many") | null {
  if (lost === 0) return null;
  if (listed === 0 && held > 0) return "empty";
  const many = maxDeletions === null
    ? lost > ALWAYS_ALLOWED && lost * 2 > held
    : lost > maxDeletions;
  return many ? "many" : null;
}
