/** What the clients of OpenStack need to know. @module */
import type { Credential } from "./credential.ts";

/** How to reach OpenStack. */
export interface OpenstackConfig {
  /** Base URL of Neutron without `/v2.0`, such as `http://127.0.0.1:9696`; see `fromCatalogue`. */
  readonly neutronUrl: string;
  /** Base URL of Nova (with its version), or null: Nova is not told of migrations. */
  readonly novaUrl: string | null;
  /** URLs that Keystone's catalogue has to tell; until then Neutron's is empty and Nova's null. */
  readonly fromCatalogue: { readonly neutron: boolean; readonly nova: boolean };
  /** Keystone's URL, with or without its version, or null: requests carry no token. */
  readonly authUrl: string | null;
  /** null without an `authUrl`. */
  readonly credential: Credential | null;
  /** Region in the catalogue, or null: it has but one. Calico's region is another matter. */
  readonly regionName: string | null;
  readonly interface: "internal" | "public" | "admin";
  /** PEM files: the CA of Keystone, Neutron and Nova, and our client certificate to them. */
  readonly caFile: string | null;
  readonly certFile: string | null;
  readonly keyFile: string | null;
  /** Deadline of one request, milliseconds. */
  readonly requestTimeoutMs: number;
  /** Objects asked for in one page. */
  readonly pageSize: number;
  /** Most requests to Neutron under way at a time from one process. */
  readonly neutronParallel: number;
}
