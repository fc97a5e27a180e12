/** One keep-alive of a lease, with a deadline; when and how often is the caller's. @module */
import type { Etcd3 } from "etcd3";

/**
 * Extends the lease to its full TTL; false when etcd does not know it any more.
 *
 * The stream is half closed, not cancelled, after its one answer: etcd then ends it in order, and nothing
 * is reset on the connection that other calls share.
 *
 * @param lease the lease's id, decimal.
 * @param deadlineMs time for the answer, ms.
 * @throws when etcd does not answer in time.
 */
export async function keepLeaseAlive(
  { leaseClient }: Pick<Etcd3, "leaseClient">,
  lease: string,
  deadlineMs: number,
): Promise<boolean> {
  const deadline = Date.now() + Math.max(1, deadlineMs);
  const stream = await leaseClient.leaseKeepAlive({ deadline });
  try {
    return await new Promise<boolean>((resolve, reject) => {
      stream.on("data", (data) => resolve(Number(data.TTL) > 0));
      stream.on("error", reject);
      stream.on("end", () => reject(new Error("etcd ended the keep-alive stream")));
      stream.write({ ID: lease });
    });
  } finally {
    stream.on("error", () => {}); // the deadline may still come before the end
    stream.end();
  }
}
