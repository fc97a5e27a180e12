/** One keep-alive of a lease, with a deadline; when and how often is the caller's. @module */
import type { Etcd3 } from "etcd3";
import { StreamEndedError } from "./call_errors.ts";
import { membersOf } from "./members.ts";
import { repeated } from "./repeated_call.ts";

/**
 * Extends the lease to its full TTL; false when etcd does not know it any more. One member after the other
 * is asked; an old token is renewed, and the lease kept.
 *
 * The stream is half closed, not cancelled, after its one answer: etcd then ends it in order, and nothing
 * is reset on the connection that other calls share.
 *
 * @param lease the lease's id, decimal.
 * @param deadlineMs time for the answer, ms.
 * @throws when etcd does not answer in time.
 */
export function keepLeaseAlive(etcd: Etcd3, lease: string, deadlineMs: number): Promise<boolean> {
  const deadline = Date.now() + Math.max(1, deadlineMs);
  return repeated(
    membersOf(etcd),
    deadline,
    (member) => member.withToken(deadline, () => keepAliveOnce(member.etcd, lease, deadline)),
  );
}

async function keepAliveOnce(
  { leaseClient }: Etcd3,
  lease: string,
  deadline: number,
): Promise<boolean> {
  const stream = await leaseClient.leaseKeepAlive({ deadline });
  try {
    return await new Promise<boolean>((resolve, reject) => {
      stream.on("data", (data) => resolve(Number(data.TTL) > 0));
      stream.on("error", reject);
      stream.on("end", () => reject(new StreamEndedError("etcd ended the keep-alive stream")));
      stream.write({ ID: lease });
    });
  } finally {
    stream.on("error", () => {}); // the deadline may still come before the end
    stream.end();
  }
}
