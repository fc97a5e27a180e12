/** Neutron and Nova by Keystone's catalogue, as seen with our token. @module */
import { CatalogueError, findEndpoint, neutronIn, novaBase } from "./catalogue.ts";
import type { KeystoneAuth } from "./keystone.ts";

/** Endpoints and what an operator should know of them. */
export interface Endpoints {
  readonly authUrl: string;
  readonly neutronUrl: string;
  readonly novaUrl: string | null;
  readonly notes: string[];
}

/** @throws {OpenstackError} no token. @throws {CatalogueError} Neutron cannot be found. */
export async function endpointsOf(auth: KeystoneAuth, signal: AbortSignal): Promise<Endpoints> {
  const { config } = auth;
  const token = await auth.token(signal);
  const authUrl = await auth.identityUrl(signal);
  const notes: string[] = [];
  if (authUrl !== config.authUrl) {
    notes.push(`auth_url ${config.authUrl} names no version: Keystone v3 was found at ${authUrl}`);
  }
  const catalogue = token?.catalogue ?? [];
  const neutronUrl = config.fromCatalogue.neutron
    ? neutronIn(catalogue, config)
    : config.neutronUrl;
  let novaUrl = config.novaUrl;
  if (config.fromCatalogue.nova) {
    try {
      novaUrl = novaBase(findEndpoint(catalogue, "compute", config));
    } catch (error) {
      if (!(error instanceof CatalogueError)) throw error;
      notes.push(`Nova is not told of live migrations (nova_url): ${error.message}`);
    }
  }
  return { authUrl, neutronUrl, novaUrl, notes };
}
