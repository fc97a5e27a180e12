/**
 * Keystone's catalogue, which comes with a scoped token: where the services of a region are.
 *
 * @module
 */
import { z } from "zod";

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
}

/** The endpoint is not to be had; the message says what there is and what to set. */
export class CatalogueError extends Error {
  override readonly name = "CatalogueError";
}

/** URL of a service such as `network`. @throws {CatalogueError} none, or more than one, fits. */
export function findEndpoint(
  catalogue: Catalogue,
  type: string,
  { interface: wanted, regionName }: EndpointChoice,
): string {
  const all = catalogue.filter((service) => service.type === type).flatMap((s) => s.endpoints);
  if (all.length === 0) {
    const types = [...new Set(catalogue.map((service) => service.type))].join(", ") || "nothing";
    throw new CatalogueError(
      `Keystone's catalogue has no ${type} service for this project: it has ${types}`,
    );
  }
  const regionOf = (endpoint: typeof all[number]) => endpoint.region_id ?? endpoint.region ?? "";
  const regions = [...new Set(all.map(regionOf))].sort();
  const here = regionName === null
    ? all
    : all.filter((endpoint) => [endpoint.region_id, endpoint.region].includes(regionName));
  if (here.length === 0) {
    throw new CatalogueError(
      `the ${type} service is not in region ${JSON.stringify(regionName)} (os_region_name, ` +
        `OS_REGION_NAME): it is in ${regions.join(", ")}`,
    );
  }
  if (regionName === null && regions.length > 1) {
    throw new CatalogueError(
      `the ${type} service is in several regions: say which with os_region_name ` +
        `(OS_REGION_NAME): ${regions.join(", ")}`,
    );
  }
  const endpoint = here.find((endpoint) => endpoint.interface === wanted);
  if (!endpoint) {
    const others = [...new Set(here.map((endpoint) => endpoint.interface))].sort().join(", ");
    throw new CatalogueError(
      `the ${type} service has no ${wanted} endpoint (os_interface, OS_INTERFACE): it has ${others}`,
    );
  }
  if (!URL.canParse(endpoint.url) || !/^https?:/.test(endpoint.url)) {
    throw new CatalogueError(
      `the ${wanted} endpoint of the ${type} service is no URL: ${JSON.stringify(endpoint.url)}`,
    );
  }
  return endpoint.url;
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
