/** Neutron and Nova by Keystone's catalogue, as seen with our token. @module */
import { z } from "zod";
import { CatalogueError, findEndpoint, neutronIn, novaBase } from "./catalogue.ts";
import type { KeystoneAuth } from "./keystone.ts";

/** Endpoints and what an operator should know of them. */
export const endpointsSchema = z.object({
  /** Keystone's URL with its version. */
  authUrl: z.string(),
  neutronUrl: z.string(),
  novaUrl: z.string().nullable(),
  notes: z.array(z.string()),
});
export type Endpoints = z.infer<typeof endpointsSchema>;

/** @throws {OpenstackError} no token. @throws {CatalogueError} Neutron cannot be found. */
export async function endpointsOf(auth: KeystoneAuth, signal: AbortSignal): Promise<Endpoints> {
  const { config } = auth;
  const token = await auth.token(signal);
  const authUrl = await auth.identityUrl(signal);
  const notes: string[] = [];
  if (authUrl !== config.authUrl) {
    notes.push(`auth_url ${config.authUrl} names no version: Keystone v3 was found at ${authUrl}`);
  }
  if (auth.calledElsewhere !== null) {
    notes.push(
      `Keystone's list of versions leads to ${auth.calledElsewhere}, which is not asked: ${authUrl} is, ` +
        "of the scheme and host of auth_url; an auth_url that ends in /v3 is not asked for versions",
    );
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
