/**
 * How many files a change touches: for each kind of change that is made again and again, one thing of that
 * kind as it stands, and the files that name it. Who adds another one touches as many.
 *
 * @module
 */
import type { SourceFile } from "./source_facts.ts";

/** One kind of change. */
export interface Change {
  /** What is added or replaced. */
  readonly what: string;
  /** The thing of this kind that is looked for. */
  readonly example: string;
  /** How code names the example. */
  readonly names: RegExp;
  /** Where to look. @default all product files */
  readonly within?: RegExp;
  /** What is counted. @default files */
  readonly unit?: "folders";
  /** The most that is allowed. */
  readonly limit: number;
}

/** The twelve changes of CONTRIBUTING.md. */
export const CHANGES: readonly Change[] = [
  {
    what: "role",
    example: "agent-status-watcher",
    names: /"agent-status-watcher"|\/agent_status_watcher\.ts/,
    // Its metrics are a change of their own.
    within: /^(?!lib\/diagnostics\/(?:role_)?metrics\.ts$)/,
    limit: 3,
  },
  {
    what: "notification of a new collection",
    example: "address groups",
    names: /\baddress_group\b|\baddressGroupSchema\b/,
    limit: 3,
  },
  {
    what: "Neutron attribute on the endpoint",
    example: "mac_address",
    names: /\bmac_address\b/,
    limit: 2,
  },
  {
    what: "metric",
    example: "agent_status_delay_seconds",
    names: /\bagent_status_delay_seconds\b/,
    limit: 2,
  },
  {
    what: "page",
    example: "/ports",
    names: /\bPortsPage\b|^(?!.*(?:href|link|action)).*"\/ports"/m,
    within: /^lib\/diagnostics\//,
    limit: 2,
  },
  {
    what: "option",
    example: "port_status_threads",
    names: /\b(?:port_status_threads|portStatusThreads)\b/,
    limit: 2,
  },
  {
    what: "etcd key",
    example: "all that begin with /calico/",
    names: /["'`]\/calico\/[a-z]/,
    limit: 1,
  },
  {
    what: "fence",
    example: "comparing a key's create revision with a term",
    names: /target: "Create", create_revision: term\b/,
    limit: 1,
  },
  {
    what: "check of the doctor",
    example: "clocks of Calico's hosts",
    names: /"clocks of Calico's hosts"/,
    limit: 1,
  },
  {
    what: "command",
    example: "step-down",
    names: /"step-down":|\/step_down\.ts/,
    within: /^(main\.ts|commands\/|lib\/commands\/|lib\/config\/)/,
    limit: 2,
  },
  {
    what: "another local store",
    example: "Deno KV",
    names: /\bDeno\.(?:openKv|Kv)\b/,
    unit: "folders",
    limit: 1,
  },
  {
    what: "another message bus",
    example: "amqplib",
    names: /from "amqplib"/,
    unit: "folders",
    limit: 1,
  },
];

/** The files, or folders, of the product that name the example of a change; sorted. */
export function touched(change: Change, files: readonly SourceFile[]): string[] {
  const naming = files.filter(({ path, text }) =>
    (change.within?.test(path) ?? true) &&
    (change.names.test(withoutComments(text)) || change.names.test(`/${path}`))
  );
  const places = naming.map(({ path }) => change.unit ? path.replace(/\/[^/]*$/, "") : path);
  return [...new Set(places)].sort();
}

/** The text without lines that are comments alone. */
function withoutComments(text: string): string {
  return text.split("\n").filter((line) => !/^\s*(\/\/|\/\*\*|\*)/.test(line)).join("\n");
}
