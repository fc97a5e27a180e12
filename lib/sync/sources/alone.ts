/** A dry run in a process of its own, beside whatever runs: what it is told, and what it answers. @module */
import { z } from "zod";
import type { Config } from "../../config/config_types.ts";
import { resyncAnswerSchema } from "../../state/records.ts";
import type { ResyncConfig } from "./base.ts";
import type { Comparison } from "./compare_only.ts";
import { differencesSchema } from "../apply/difference_log.ts";

/** What it is told. */
export interface AloneInput extends Pick<Config, "etcd"> {
  readonly config: ResyncConfig;
  readonly request: Comparison;
}

/** What it answers. */
export const aloneAnswerSchema = z.object({
  answer: resyncAnswerSchema,
  differences: differencesSchema,
  /** The same as a readable diff. */
  text: z.string(),
});
export type AloneAnswer = z.infer<typeof aloneAnswerSchema>;

/** What of the configuration it is told, and what to compare. */
export function aloneInput(
  { region, openstack, etcd, sync: { qos, maxDeletions, addressPairNetworks } }: Config,
  request: Comparison,
): AloneInput {
  const sync = { qos, maxDeletions, addressPairNetworks };
  return { config: { region, openstack, sync }, etcd, request };
}
