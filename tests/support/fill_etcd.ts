/** An etcd that is full, and one that has room again. @module */
import type { Etcd3 } from "etcd3";

/** A quota that is soon used up. */
export const SMALL_QUOTA = ["--quota-backend-bytes=8388608"];
const FILL = "/fill/";

/** Writes until etcd takes no more; what it says then. */
export async function fill(etcd: Etcd3): Promise<unknown> {
  const value = "x".repeat(200_000);
  for (let i = 0;; i++) {
    try {
      await etcd.put(FILL + i).value(value).exec();
    } catch (error) {
      return error;
    }
  }
}

/** What an operator does: deletes, compacts, defragments, disarms. */
export async function makeRoom(etcd: Etcd3): Promise<void> {
  await etcd.delete().prefix(FILL);
  const { header } = await etcd.get(FILL).exec();
  await etcd.kv.compact({ revision: header.revision, physical: true });
  await etcd.maintenance.defragment();
  const { alarms } = await etcd.maintenance.alarm({ action: "Get", memberID: "0", alarm: "None" });
  for (const { memberID, alarm } of alarms) {
    await etcd.maintenance.alarm({ action: "Deactivate", memberID, alarm });
  }
}
