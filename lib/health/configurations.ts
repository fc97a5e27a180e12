/** What is known now of the configurations of other nodes, beside this node's. Pure. @module */
import { clip } from "../base/clip.ts";
import type { Comparison } from "../state/records.ts";
import type { Facts } from "./facts.ts";
import type { Finding } from "./findings.ts";
import { MEMBERS_OLD_MS } from "./limits.ts";

/** Nodes of a sentence, and differences of each. */
const MAX_NODES = 3;
const MAX_DIFFERENCES = 4;
const MAX_NAME = 63;

/** How a comparison names a node. */
export function comparedName(name: string): string {
  return clip(name, MAX_NAME);
}

/** The comparison as it is now; null: it is not known, or was made too long ago. */
export function comparisonNow({ cluster, at }: Pick<Facts, "cluster" | "at">): Comparison | null {
  return cluster && at - cluster.at <= MEMBERS_OLD_MS ? cluster.configurations ?? null : null;
}

/** Other nodes of which it is known whether they are configured otherwise. */
export function differingNodes(facts: Pick<Facts, "cluster" | "at">) {
  const { same = [], differing = [] } = comparisonNow(facts) ?? {};
  return [
    ...same.map((node) => ({ node, differs: false })),
    ...differing.map(({ node }) => ({ node, differs: true })),
  ];
}

/** One for all nodes that are configured otherwise. */
export function configurationFindings(facts: Pick<Facts, "cluster" | "at">): Finding[] {
  const differing = comparisonNow(facts)?.differing ?? [];
  return differing.length === 0 ? [] : [{ kind: "node-config-differs", level: "warn", differing }];
}

type Differing = Comparison["differing"][number];

/** What one node has otherwise, in words. */
export function differencesText({ differences }: Differing): string {
  const texts = differences.slice(0, MAX_DIFFERENCES).map(({ what, here, there }) => {
    const sides = [here && `${here} here`, there && `${there} there`].filter(Boolean).join(", ");
    return clip(sides === "" ? what : `${what} (${sides})`, 200);
  });
  const more = differences.length - texts.length;
  return texts.join(", ") + (more > 0 ? ` and ${more} more` : "");
}

/** Which nodes are configured otherwise, in what, and what to do. */
export function differingSentence(differing: readonly Differing[]): string {
  const nodes = differing.slice(0, MAX_NODES)
    .map((each) => `${clip(each.node, MAX_NAME)} in ${differencesText(each)}`);
  const more = differing.length - nodes.length;
  return `Nodes are configured otherwise than this one: ${nodes.join("; ")}` +
    `${more > 0 ? `; and ${more} more` : ""}. Whichever leads next works by its own: compare ` +
    "the output of the command config on both.";
}
