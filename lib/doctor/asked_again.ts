/** Questions of the doctor to a Neutron whose workers have only just started. @module */
import type { KeystoneAuth } from "../openstack/keystone.ts";
import { fetchWarm } from "../openstack/warm_up.ts";
import type { Finding, Verdict } from "./check.ts";

/** What a check asks Neutron with. */
export type NeutronAuth = Pick<KeystoneAuth, "fetch" | "token">;

/** Runs a check whose questions are asked again as the roles do it, and whose findings then say so. */
export async function askedAgain(
  auth: NeutronAuth,
  neutronUrl: string,
  run: (auth: NeutronAuth) => Promise<Verdict | Finding[]>,
): Promise<Verdict | Finding[]> {
  let again = false;
  const onWarmUp = () => void (again = true);
  const verdict = await run({
    token: (signal) => auth.token(signal),
    fetch: (url, signal, read, init) =>
      fetchWarm(auth, { neutronUrl, onWarmUp }, url, signal, read, init),
  });
  if (!again) return verdict;
  const told = <T extends { found: string }>(one: T): T => ({
    ...one,
    found: `${one.found} (asked again: Neutron answered 500 at first)`,
  });
  return Array.isArray(verdict) ? verdict.map(told) : told(verdict);
}
