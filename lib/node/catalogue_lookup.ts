/**
 * Where Neutron and Nova are, when the configuration leaves that to Keystone's catalogue. The supervisor
 * has no network, and roles may reach only what is known when they start: so a short-lived process that
 * may reach Keystone alone looks it up, again and again until Keystone answers. Election and page do
 * not wait for it.
 *
 * @module
 */
import { type Backoff, backoffMs } from "../base/backoff.ts";
import type { Clock } from "../base/clock.ts";
import type { Config } from "../config/config_types.ts";
import type { Launcher } from "../process/launcher.ts";
import { describeError, type Log } from "../base/log.ts";
import { Outage } from "../base/outage.ts";
import { type Endpoints, endpointsSchema } from "../openstack/endpoints.ts";
import { type PermissionPlaces, permissionRow } from "../process/permissions.ts";
import { runTool } from "../process/tool.ts";

/** What looking them up takes. */
export interface LocateDeps {
  readonly launcher: Launcher;
  readonly places: PermissionPlaces;
  readonly log: Log;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

const BACKOFF: Backoff = { firstMs: 1000, maxMs: 30_000, jitter: "equal" };
/** Requests to Keystone are tried several times each before the process gives up. */
const TRIES = 5;

/** The configuration with the endpoints in it. */
export function withEndpoints(config: Config, found: Endpoints): Config {
  const { fromCatalogue } = config.openstack;
  return {
    ...config,
    openstack: {
      ...config.openstack,
      authUrl: found.authUrl,
      neutronUrl: fromCatalogue.neutron ? found.neutronUrl : config.openstack.neutronUrl,
      novaUrl: fromCatalogue.nova ? found.novaUrl : config.openstack.novaUrl,
    },
  };
}

/** Asks once. @throws {ToolError} with a sentence that says what to do. */
export async function lookUpEndpoints(
  config: Config,
  { launcher, places, signal }: Pick<LocateDeps, "launcher" | "places" | "signal">,
): Promise<Endpoints> {
  const row = permissionRow("endpoint-lookup", config, places);
  const launch = launcher.prepare("endpoint-lookup", row, config.openstack);
  const timeoutMs = config.openstack.requestTimeoutMs * TRIES;
  return endpointsSchema.parse(await runTool(launch, { timeoutMs, signal }));
}

/**
 * The configuration with the endpoints in it, as soon as Keystone tells; `waiting` is called with what
 * it waits for after each failure, and null at the end. Rejects only with the signal's reason.
 */
export async function locateEndpoints(
  config: Config,
  deps: LocateDeps,
  waiting: (problem: string | null) => void = () => {},
): Promise<Config> {
  const { log, clock, signal } = deps;
  const outage = new Outage("Keystone's catalogue can be asked again", { log, clock });
  for (let failures = 0;; failures++) {
    try {
      const found = await lookUpEndpoints(config, deps);
      for (const note of found.notes) log.warn(note);
      const { neutronUrl, novaUrl, authUrl } = found;
      log.info("endpoints found in Keystone's catalogue", { neutronUrl, novaUrl, authUrl });
      outage.succeeded("lookup");
      waiting(null);
      return withEndpoints(config, found);
    } catch (error) {
      signal.throwIfAborted();
      const problem = describeError(error, false);
      const retryMs = Math.round(backoffMs(BACKOFF, failures));
      outage.failed("lookup", {
        message: "the endpoints of Neutron and Nova cannot be looked up, will be tried again",
        fields: { error: problem, retryMs },
        level: "error",
      });
      waiting(`waits for the endpoints in Keystone's catalogue: ${problem}`);
      await clock.sleep(retryMs, signal);
    }
  }
}
