/** What the size of a member's database says. Pure. @module */
import { formatBytes } from "../base/format.ts";
import type { DatabaseSize } from "../state/records.ts";

/** The part of the quota that is taken from which on it is time to do something. */
export const NEARLY_FULL = 0.8;

/** The part of a database that is free inside of its file, from 0 to 1; null: not known. */
export function freeShare(
  { sizeBytes, inUseBytes }: Pick<DatabaseSize, "sizeBytes" | "inUseBytes">,
): number | null {
  if (!sizeBytes || inUseBytes === null) return null;
  return Math.max(0, 1 - inUseBytes / sizeBytes);
}

/** The part of the quota that is taken; null: not known. */
export function fullShare({ sizeBytes, quotaBytes }: DatabaseSize): number | null {
  return sizeBytes === null || quotaBytes === null ? null : sizeBytes / quotaBytes;
}

/** Such as "1,900 MiB of a quota of 2,048 MiB, 40 % of it free inside". */
export function describeDatabase(database: DatabaseSize): string {
  const { sizeBytes, quotaBytes } = database;
  if (sizeBytes === null) return "size not known";
  const free = freeShare(database);
  const parts = [formatBytes(sizeBytes)];
  if (quotaBytes !== null) parts.push(` of a quota of ${formatBytes(quotaBytes)}`);
  if (free !== null) parts.push(`, ${Math.round(free * 100)} % of it free inside`);
  return parts.join("");
}

/** What to do about alarms: only that of a full etcd may be disarmed without knowing more. */
export function alarmAdvice(alarms: readonly string[]): string {
  return alarms.every((alarm) => alarm === "NOSPACE")
    ? FULL_ADVICE
    : "see etcd's log; disarm nothing before you know why";
}

/** What to do about a full etcd. */
export const FULL_ADVICE =
  "compact it, defragment its members one by one, then etcdctl alarm disarm (docs/etcd.md)";
