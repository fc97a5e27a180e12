/**
 * How large each member's database is, how much of it is in use, its quota, and the alarms. Sizes and alarms
 * come from the member's status; the quota only from its metrics, over HTTP at the same address, so that it may
 * be unknown.
 *
 * @module
 */
import type { IStatusResponse } from "etcd3";
import type { EtcdConfig } from "../config/config_types.ts";
import { describeError } from "../base/log.ts";
import { withoutUserInfo } from "../base/user_info.ts";
import type { DatabaseSize } from "../state/records.ts";
import type { Member } from "./member.ts";
import { EtcdTls } from "./tls.ts";

const QUOTA = /^etcd_server_quota_backend_bytes (\S+)$/m;
/** An alarm in a status. Source: the text of etcd's `AlarmMember`. */
const ALARM = /\balarm:(\w+)/;
const MAX_ALARMS = 10;

/** The part of the configuration that the metrics are asked with. */
export type MetricsConfig = Pick<EtcdConfig, "caFile" | "certFile" | "keyFile">;

/** One member's status. @param deadline ms since the epoch. @throws it does not answer. */
export function statusOf(
  member: Pick<Member, "exec">,
  deadline: number,
): Promise<IStatusResponse> {
  return member.exec<IStatusResponse>("Maintenance", "status", {}, { deadline });
}

/** Asks one member, for at most `withinMs`; one that does not answer is a problem in its place. */
export async function readDatabase(
  member: Pick<Member, "url" | "exec">,
  config: MetricsConfig,
  withinMs: number,
): Promise<DatabaseSize> {
  const unknown = { url: member.url, sizeBytes: null, inUseBytes: null, quotaBytes: null };
  try {
    const [status, quotaBytes] = await Promise.all([
      statusOf(member, Date.now() + withinMs),
      readQuota(member.url, config, withinMs),
    ]);
    const { dbSize, dbSizeInUse, errors = [] } = status as IStatusResponse & { errors?: string[] };
    const alarms = errors.flatMap((text) => ALARM.exec(text)?.[1] ?? []);
    return {
      ...unknown,
      sizeBytes: Number(dbSize),
      inUseBytes: Number(dbSizeInUse),
      quotaBytes,
      alarms: [...new Set(alarms)].slice(0, MAX_ALARMS),
      problem: null,
    };
  } catch (error) {
    return { ...unknown, alarms: [], problem: withoutUserInfo(describeError(error)).slice(0, 300) };
  }
}

/** The quota, bytes; null: the member does not tell it. */
async function readQuota(
  url: string,
  config: MetricsConfig,
  withinMs: number,
): Promise<number | null> {
  let client: Deno.HttpClient | undefined;
  try {
    if (config.caFile !== null) {
      const { ca, own } = new EtcdTls(config).files();
      client = Deno.createHttpClient({ caCerts: [ca], ...own });
    }
    const signal = AbortSignal.timeout(Math.max(1, withinMs));
    const response = await fetch(`${url}/metrics`, { client, signal, redirect: "error" });
    const bytes = Number(QUOTA.exec(await response.text())?.[1]);
    return bytes > 0 ? bytes : null;
  } catch {
    return null;
  } finally {
    client?.close();
  }
}
