/**
 * What a node says about itself, as one value: the page, the JSON, the health checks and the metrics
 * are all made from it. Times are milliseconds since the epoch by this node's clock.
 *
 * @module
 */
import { z } from "zod";
import { factsSchema, levelSchema } from "./facts.ts";
import { FINDING_KINDS } from "./findings.ts";
import { heldSchema } from "./held.ts";

/** One sentence: what is wrong and what to do first; or that all is well. */
const statementSchema = z.object({
  /** What kind of thing is wrong, for programs. */
  kind: z.enum(["all-well", ...FINDING_KINDS]),
  level: levelSchema,
  /** One line of at most 120 characters. */
  text: z.string(),
  /** The whole sentence, where the line does not hold it. */
  detail: z.string().optional(),
  /** Path of the page that shows more. */
  link: z.string().optional(),
});
export type Statement = z.infer<typeof statementSchema>;

/** The facts and what follows from them. */
export const statusSchema = factsSchema.extend({
  verdict: statementSchema,
  /** All that is wrong, worst first; the verdict is the first of them. */
  findings: z.array(statementSchema),
  /** What the resyncs hold back and leave. */
  held: heldSchema,
  ready: z.boolean(),
  /** Why it is not ready; empty when it is. */
  notReady: z.array(z.string()),
});
export type Status = z.infer<typeof statusSchema>;
