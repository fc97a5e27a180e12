/** What is known now of the databases of etcd's members. Pure. @module */
import { describeDatabase, fullShare, NEARLY_FULL } from "../etcd/database_size.ts";
import type { Facts } from "./facts.ts";
import type { Finding } from "./findings.ts";
import { DATABASES_OLD_MS } from "./limits.ts";

/** The databases as they are now; none when the manager has not read them for a while. */
export function databasesNow({ databases, at }: Pick<Facts, "databases" | "at">) {
  return databases && at - databases.at <= DATABASES_OLD_MS ? databases.members : [];
}

/** An alarm, or a quota that is nearly used up: the first member of which that is so. */
export function databaseFindings(facts: Facts): Finding[] {
  const all = databasesNow(facts);
  const alarmed = all.find(({ alarms }) => alarms.length > 0);
  if (alarmed) {
    const { url, alarms } = alarmed;
    return [{ kind: "etcd-alarm", level: "error", url, alarms, size: describeDatabase(alarmed) }];
  }
  const large = all.find((database) => (fullShare(database) ?? 0) > NEARLY_FULL);
  if (!large) return [];
  return [{
    kind: "etcd-nearly-full",
    level: "warn",
    url: large.url,
    size: describeDatabase(large),
  }];
}
