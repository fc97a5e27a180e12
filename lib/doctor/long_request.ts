/**
 * Whether the API in front of Neutron takes requests as long as ours: what asks for objects by their ids
 * names up to {@linkcode VALUES_PER_REQUEST} of them. uWSGI has 4 KiB for a request by default
 * (`buffer-size`) and closes the connection on a longer one, or drops the filter and answers with everything;
 * proxies have limits of their own.
 *
 * @module
 */
import type { Config } from "../config/config_types.ts";
import { parseJsonObject } from "../base/json.ts";
import { readBeginning } from "../openstack/body.ts";
import type { KeystoneAuth } from "../openstack/keystone.ts";
import { isTooLong, VALUES_PER_REQUEST } from "../openstack/list_by.ts";
import { NeutronClient } from "../openstack/neutron.ts";
import { portSchema, REVISION_FIELDS } from "../openstack/records.ts";
import { ok, type Verdict, warning } from "./check.ts";

/** Of the answer, bytes: with the filter there is next to nothing. */
const MAX_BYTES = 64 * 1024;
const ADVICE =
  "give the API in front of Neutron room for it (uWSGI: buffer-size = 16384; Apache: " +
  "LimitRequestLine; HAProxy: tune.bufsize): until then it is asked for fewer objects at a time";

/**
 * One harmless request as long as the longest of ours: for networks that do not exist, of which there are
 * few should the filter be dropped.
 *
 * @throws Neutron refuses it for another reason than its length.
 */
export async function checkLongRequest(
  { openstack }: Pick<Config, "openstack">,
  auth: KeystoneAuth,
  signal: AbortSignal,
): Promise<Verdict> {
  const url = longRequest(new NeutronClient(openstack, auth), openstack.pageSize);
  const what = `a request of ${url.length.toLocaleString("en-US")} characters`;
  try {
    const answer = await auth.fetch(url, signal, (response) => readBeginning(response, MAX_BYTES));
    if (!answer.whole || !isEmptyList(answer.text)) {
      return warning(`drops the filter of ${what} and answers with everything`, ADVICE);
    }
    return ok(`takes ${what}, as long as the longest of ours`);
  } catch (error) {
    if (isTooLong(error)) return warning(`does not take ${what}`, ADVICE);
    throw error;
  }
}

/** An address as long as the longest of ours, or a little longer. */
function longRequest(neutron: NeutronClient, limit: number): string {
  const ids = Array.from({ length: VALUES_PER_REQUEST }, () => crypto.randomUUID());
  const address = (path: string, by: string, fields: readonly string[]) =>
    neutron.addressOf(path, { fields, where: ids.map((id) => [by, id]) }, { limit, marker: null });
  const longest = Math.max(
    address("ports", "id", Object.keys(portSchema.shape)).length,
    address("ports", "security_groups", REVISION_FIELDS).length,
  );
  const fields = ["id"];
  while (address("networks", "id", fields).length < longest) fields.push("id");
  return address("networks", "id", fields);
}

function isEmptyList(text: string): boolean {
  const networks = parseJsonObject(text)?.networks;
  return Array.isArray(networks) && networks.length === 0;
}
