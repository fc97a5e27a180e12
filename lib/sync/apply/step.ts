/** What a run does at a time. @module */

/** In the order in which a full resync comes to them, about. */
export const STEPS = [
  "asking Neutron",
  "reading etcd",
  "listing revisions",
  "reading Neutron",
  "comparing",
  "writing",
  "confirming deletions",
  "cluster configuration",
] as const;
export type Step = typeof STEPS[number];
