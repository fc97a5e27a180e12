/**
 * Tells the agent status watcher how many endpoints Neutron wants on each host, as the index of the last run
 * knows it. Counting a million keys takes about a second, so it is done after runs, seldom, and in slices.
 *
 * @module
 */
import { RateLimitedLog } from "../base/rate_limited.ts";
import { endpointNameParts, resourcePrefixes } from "../calico/keys.ts";
import type { Config } from "../config/config_types.ts";
import type { JobContext, Term } from "../role/master_context.ts";
import { MAX_ENDPOINT_HOSTS, writeEndpointHosts } from "../status/endpoint_hosts_file.ts";
import { MAX_NAME_CHARS } from "../status/names.ts";
import type { CloudIndex } from "./index/cloud_index.ts";

/** Between two counts at least, ms; and so many times what the last one took. */
const INTERVAL_MS = 60_000;
const REST = 100;
/** Counting goes on for so long before the event loop gets its turn, ms. */
const SLICE_MS = 15;

/** Counts for one term. */
export class EndpointHosts {
  readonly #prefix: string;
  readonly #limited: RateLimitedLog;
  #dueAt = -Infinity;

  constructor(
    readonly term: Term,
    readonly config: Pick<Config, "region" | "stateDir">,
    readonly context: Pick<JobContext, "clock" | "log">,
  ) {
    this.#prefix = resourcePrefixes(config.region).WorkloadEndpoint;
    this.#limited = new RateLimitedLog(context.log, context.clock);
  }

  /** Writes the file when it is time. `now`: in any case, after a run over everything. */
  async publish(index: CloudIndex, now = false): Promise<void> {
    const { term, config: { stateDir }, context: { clock } } = this;
    if (term.signal.aborted || (!now && clock.monotonic() < this.#dueAt)) return;
    const from = clock.monotonic();
    const at = clock.now();
    const hosts = await this.#count(index);
    const until = clock.monotonic();
    this.#dueAt = until + Math.max(INTERVAL_MS, REST * (until - from));
    const most = [...hosts].sort(([, a], [, b]) => b - a).slice(0, MAX_ENDPOINT_HOSTS);
    await writeEndpointHosts(stateDir, { at, term: term.term, hosts: most }).catch((error) =>
      this.#limited.warn("the hosts with endpoints cannot be written for the page", { error })
    );
  }

  async #count(
    { keys: { WorkloadEndpoint: { index } } }: CloudIndex,
  ): Promise<Map<string, number>> {
    const { term: { signal }, context: { clock } } = this;
    const hosts = new Map<string, number>();
    let sliceAt = clock.monotonic();
    for (const row of index.rows()) {
      const host = endpointNameParts(index.text(row).slice(this.#prefix.length))?.host;
      if (host && host.length <= MAX_NAME_CHARS) hosts.set(host, (hosts.get(host) ?? 0) + 1);
      if (clock.monotonic() - sliceAt < SLICE_MS) continue;
      await clock.sleep(0, signal);
      sliceAt = clock.monotonic();
    }
    return hosts;
  }
}
