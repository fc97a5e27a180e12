/**
 * Defragmentation: gives the room that a compaction has freed inside of the members' files back to their disks
 * and to the quota. A member stands still while it is done, so it is one member at a time, the one that leads
 * etcd last and after it has handed that over, and only while every member serves.
 *
 * @module
 */
import { abortable } from "../base/abortable.ts";
import type { Clock } from "../base/clock.ts";
import { formatBytes } from "../base/format.ts";
import type { Log } from "../base/log.ts";
import type { Term } from "../role/master_context.ts";
import type { Beat } from "../role/heartbeat.ts";
import { statusOf } from "./database.ts";
import { freeShare } from "./database_size.ts";
import { fenced, type FencedTerm } from "./fence.ts";
import { membersOf } from "./members.ts";
import type { Member } from "./member.ts";
import type { Etcd3 } from "etcd3";

/** What {@linkcode defragment} needs. */
export interface DefragmentOptions {
  readonly etcd: Etcd3;
  readonly clock: Clock;
  readonly log: Log;
  readonly alive: Beat;
  /** Members of which so much is free are defragmented, percent; 0: none. */
  readonly defragPercent: number;
  /** Free bytes below which it is not worth while. @default 64 MiB */
  readonly minFreeBytes?: number;
}

const MIN_FREE_BYTES = 64 * 1024 * 1024;
/** Time of one call that is no defragmentation, ms. */
const CALL_MS = 5000;
/** Longest defragmentation: some 10 s for a GiB on a slow disk. */
const DEFRAGMENT_MS = 600_000;
/** Time in which a member has to serve again afterwards, ms. */
const SERVE_MS = 60_000;
const PAUSE_MS = 250;

/** A member and how it is. */
interface Looked {
  readonly member: Member;
  readonly id: string;
  readonly leads: boolean;
  readonly sizeBytes: number;
  readonly freeBytes: number;
  readonly freePercent: number;
}

/**
 * Defragments the members that need it; the urls of those that were.
 *
 * @throws {FenceLostError} another node leads.
 * @throws the reason of the term's signal.
 * @throws a member does not answer, or refuses; the others are left.
 */
export async function defragment(
  term: FencedTerm & Pick<Term, "signal">,
  options: DefragmentOptions,
): Promise<string[]> {
  const { etcd, defragPercent, minFreeBytes = MIN_FREE_BYTES, alive } = options;
  if (defragPercent === 0) return [];
  const { all } = membersOf(etcd);
  alive("looking for free room in etcd", null, all.length * CALL_MS);
  const found = await Promise.all(all.map(look));
  const due = found.filter(({ freePercent, freeBytes }) =>
    freePercent >= defragPercent && freeBytes >= minFreeBytes
  );
  due.sort((a, b) => Number(a.leads) - Number(b.leads));
  const done: string[] = [];
  for (const { member } of due) {
    alive("defragmenting etcd", null, DEFRAGMENT_MS + SERVE_MS + 3 * all.length * CALL_MS);
    await fenced(etcd, term, []);
    const now = await Promise.all(all.map(look));
    term.signal.throwIfAborted();
    // A defragmentation goes on in etcd when the term ends; it is not waited for.
    const one = defragmentOne(now.find((looked) => looked.member === member)!, now, options);
    await abortable(one, term.signal);
    done.push(member.url);
  }
  return done;
}

async function look(member: Member): Promise<Looked> {
  const { header, leader, dbSize, dbSizeInUse } = await statusOf(member, Date.now() + CALL_MS);
  await member.probe(Date.now() + CALL_MS);
  const [sizeBytes, inUseBytes] = [Number(dbSize), Number(dbSizeInUse)];
  return {
    member,
    id: header.member_id,
    leads: leader === header.member_id,
    sizeBytes,
    freeBytes: sizeBytes - inUseBytes,
    freePercent: 100 * (freeShare({ sizeBytes, inUseBytes }) ?? 0),
  };
}

async function defragmentOne(
  { member, leads, sizeBytes }: Looked,
  all: readonly Looked[],
  { clock, log }: DefragmentOptions,
): Promise<void> {
  const next = all.find((other) => other.member !== member);
  if (leads && next) {
    const request = { targetID: next.id };
    await member.exec("Maintenance", "moveLeader", request, { deadline: Date.now() + CALL_MS });
  }
  const from = clock.monotonic();
  const deadline = Date.now() + DEFRAGMENT_MS;
  await member.exec("Maintenance", "defragment", {}, { deadline });
  const tookMs = Math.round(clock.monotonic() - from);
  const after = await serving(member, clock);
  log.info("a member of etcd is defragmented", {
    member: member.url,
    before: formatBytes(sizeBytes),
    after: formatBytes(after.sizeBytes),
    tookMs,
  });
}

/** The member, once it serves again. @throws it does not in time. */
async function serving(member: Member, clock: Clock): Promise<Looked> {
  const until = clock.monotonic() + SERVE_MS;
  while (true) {
    try {
      return await look(member);
    } catch (error) {
      if (clock.monotonic() > until) throw error;
    }
    await clock.sleep(PAUSE_MS);
  }
}
