/**
 * Keystone's catalogue, which comes with a scoped token: where the services of a region are.
 *
 * @module
 */
import { z } from "zod";
import { shownUrl, whyNotAsked } from "./leads.ts";

/** What a token's body says of services; unknown fields are dropped. */
export const catalogueSchema = z.array(z.object({
  type: z.string(),
  endpoints: z.array(z.object({
    interface: z.string(),
    region: z.string().nullish(),
    region_id: z.string().nullish(),
    url: z.string(),
  })),
}));
export type Catalogue = z.infer<typeof catalogueSchema>;

/** Which of a service's endpoints. */
export interface EndpointChoice {
  readonly interface: string;
  /** null: the catalogue has but one. */
  readonly regionName: string | null;
  /** Keystone's URL: what is asked over TLS there is not asked in the clear elsewhere. */
  readonly authUrl: string | null;
}

/** The endpoint is not to be had; the message says what there is and what to set. */
export class CatalogueError extends Error {
  override readonly name = "CatalogueError";
}

/** URL of a service such as `network`. @throws {CatalogueError} none, or more than one, fits. */
export function findEndpoint(
  catalogue: Catalogue,
  type: string,
  { interface: wanted, regionName, authUrl }: EndpointChoice,
): string {
  const refuse: (why: string) => never = (why) => {
    throw new CatalogueError(why);
  };
  const all = catalogue.filter((service) => service.type === type).flatMap((s) => s.endpoints);
  if (all.length === 0) {
    const types = [...new Set(catalogue.map((service) => service.type))].join(", ") || "nothing";
    refuse(`Keystone's catalogue has no ${type} service for this project: it has ${types}`);
  }
  const regions = distinct(all.map(({ region, region_id }) => region_id ?? region ?? ""));
  const here = all.filter(({ region, region_id }) =>
    regionName === null || [region_id, region].includes(regionName)
  );
  if (here.length === 0) {
    refuse(
      `the ${type} service is not in region ${JSON.stringify(regionName)} (os_region_name, ` +
        `OS_REGION_NAME): it is in ${regions.join(", ")}`,
    );
  }
  if (regionName === null && regions.length > 1) {
    refuse(
      `the ${type} service is in several regions: say which with os_region_name ` +
        `(OS_REGION_NAME): ${regions.join(", ")}`,
    );
  }
  const { url } = here.find((endpoint) => endpoint.interface === wanted) ?? refuse(
    `the ${type} service has no ${wanted} endpoint (os_interface, OS_INTERFACE): it has ` +
      distinct(here.map((endpoint) => endpoint.interface)).join(", "),
  );
  const why = whyNotAsked(url, authUrl);
  if (why !== null) {
    const option = OVERRIDES.get(type);
    const orName = option === undefined ? "" : `, or name the one to ask with ${option}`;
    refuse(
      `the ${wanted} endpoint of the ${type} service in Keystone's catalogue is not asked, ` +
        `${JSON.stringify(shownUrl(url))}: ${why}; have the catalogue corrected${orName}`,
    );
  }
  return url;
}

/** Options that count instead of the catalogue, by type of service. */
const OVERRIDES: ReadonlyMap<string, string> = new Map([
  ["network", "neutron_url"],
  ["compute", "nova_url"],
]);

function distinct(texts: readonly string[]): string[] {
  return [...new Set(texts)].sort();
}

/** Neutron's base URL from its endpoint, which may carry the version. */
export function neutronBase(endpoint: string): string {
  return endpoint.replace(/\/+$/, "").replace(/\/v2\.0$/, "");
}

/** Neutron's URL in a catalogue. @throws {CatalogueError} as {@linkcode findEndpoint}. */
export function neutronIn(catalogue: Catalogue, choice: EndpointChoice): string {
  return neutronBase(findEndpoint(catalogue, "network", choice));
}

/** Nova's URL from its endpoint, which may lack the version. */
export function novaBase(endpoint: string): string {
  const bare = endpoint.replace(/\/+$/, "");
  return /\/v2(\.\d+)?(\/|$)/.test(new URL(bare).pathname) ? bare : `${bare}/v2.1`;
}
