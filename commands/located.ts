/** What commands need to know of the machine and of Keystone's catalogue, as `start` does. @module */
import { describeError } from "../lib/base/log.ts";
import type { Config } from "../lib/config/config_types.ts";
import { lookUpEndpoints, withEndpoints } from "../lib/node/catalogue_lookup.ts";
import { machinePlaces } from "../lib/process/machine_places.ts";
import type { PermissionPlaces } from "../lib/process/permissions.ts";
import type { CommandContext } from "./context.ts";

/** Patience with Keystone's catalogue, ms. */
const CATALOGUE_MS = 10_000;

/** The places of this machine; what is wrong with them is told on standard error. */
export function placesOf(
  config: Config,
  { launcher, printError }: CommandContext,
): Promise<PermissionPlaces> {
  const warn = (message: string, fields: Record<string, unknown> = {}) =>
    printError(`warning: ${message} ${JSON.stringify(fields)}\n`);
  return machinePlaces(config, launcher, { warn });
}

/**
 * The configuration with the endpoints that Keystone's catalogue tells, should it have to tell any, and notes
 * for the operator. `trouble`: why it could not be asked; the configuration is as it was then.
 */
export async function located(
  config: Config,
  { launcher }: CommandContext,
  places: PermissionPlaces,
) {
  const { neutron, nova } = config.openstack.fromCatalogue;
  if (!neutron && !nova) return { config, notes: [], trouble: null };
  const signal = AbortSignal.timeout(CATALOGUE_MS);
  try {
    const found = await lookUpEndpoints(config, { launcher, places, signal });
    return { config: withEndpoints(config, found), notes: found.notes, trouble: null };
  } catch (error) {
    return { config, notes: [], trouble: describeError(error, false) };
  }
}

/** The configuration for a tool that asks Neutron. @throws Keystone's catalogue has to tell where it is, and does not. */
export async function withNeutron(
  config: Config,
  context: CommandContext,
  places: PermissionPlaces,
): Promise<Config> {
  if (!config.openstack.fromCatalogue.neutron) return config;
  const { config: whole, trouble } = await located(config, context, places);
  if (!trouble) return whole;
  throw new Error(`Keystone's catalogue cannot be asked where Neutron is: ${trouble}`);
}
