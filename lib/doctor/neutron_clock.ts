/**
 * Neutron's clock. A server that answers by itself says the time in its `Date` header; under uWSGI there is
 * none. What is left is what Neutron has stamped: an agent's last heartbeat cannot be later than Neutron's
 * own time, so one in our future tells that its clock is ahead. That it is behind, nothing tells.
 *
 * @module
 */
import { z } from "zod";
import type { Clock } from "../base/clock.ts";
import { readList } from "../openstack/http.ts";
import type { NeutronAuth } from "./asked_again.ts";
import { skipped, type Verdict } from "./check.ts";
import { type ClockReading, isAhead, judgeOffset } from "./clock_offset.ts";

const agentsSchema = z.object({
  agents: z.array(z.object({ heartbeat_timestamp: z.string().nullish() })),
});
const NO_DATE = "it sends no Date header, as under uWSGI";

/** What an agent's record says of when it reported last: UTC, whole seconds; NaN: nothing. */
function heartbeatOf(
  { heartbeat_timestamp: text }: { heartbeat_timestamp?: string | null },
): number {
  return Date.parse(`${text?.replace(" ", "T")}Z`);
}

/**
 * The verdict on Neutron's clock.
 *
 * @param reading of its `Date` header; null: it has sent none
 * @param agentsUrl of its list of agents
 */
export async function checkNeutronClock(
  reading: ClockReading | null,
  { auth, agentsUrl, clock }: { auth: NeutronAuth; agentsUrl: string; clock: Clock },
  signal: AbortSignal,
): Promise<Verdict> {
  if (reading) return judgeOffset(reading);
  const askedAt = clock.now();
  const { agents } = agentsSchema.parse(
    await auth.fetch(`${agentsUrl}?fields=id&fields=heartbeat_timestamp`, signal, readList),
  );
  const answeredAt = clock.now();
  const newest = Math.max(...agents.map(heartbeatOf).filter((at) => !Number.isNaN(at)));
  if (newest === -Infinity) {
    return skipped(`${NO_DATE}, and no agent's heartbeat: its clock is not known`);
  }
  // All that is known of its time is that it was not before.
  const heartbeat = { theirs: newest, resolutionMs: Infinity, askedAt, answeredAt };
  if (isAhead(heartbeat)) return judgeOffset(heartbeat);
  const age = ((answeredAt - newest) / 1000).toFixed(0);
  return skipped(
    `${NO_DATE}: its clock is not ahead of ours, as far as its newest heartbeat of an agent tells ` +
      `(${age} s ago); whether it is behind is not known`,
  );
}
