/**
 * What the agent status watcher finds out about hosts that give no status: it remembers in etcd whom it has
 * seen, asks which hosts have endpoints, and follows live migrations. It says nothing before all of Felix's
 * part of etcd has been seen, and nothing new while etcd cannot be seen.
 *
 * @module
 */
import type { Etcd3 } from "etcd3";
import { abortable } from "../base/abortable.ts";
import { RateLimitedLog } from "../base/rate_limited.ts";
import { seenHostsKey } from "../calico/keys.ts";
import type { Config } from "../config/config_types.ts";
import type { Watchdog } from "../role/heartbeat.ts";
import type { JobContext, Term } from "../role/master_context.ts";
import type { Absent } from "../state/records.ts";
import { type AbsentHost, AbsentHosts } from "./absent_hosts.ts";
import { EndpointHostsReader } from "./endpoint_hosts_file.ts";
import { followMigrations } from "./migrations.ts";
import { SeenHostsRecord } from "./seen_hosts.ts";
import { StrandedMigrations } from "./stranded_migrations.ts";

const TURN_MS = 1000;
/** In the record of the state, for the verdict. */
const SHOWN = 5;

/** What it works with. */
export interface AbsentWatchOptions {
  readonly config: Pick<Config, "region" | "etcd" | "stateDir">;
  readonly etcd: Etcd3;
  readonly context: Pick<JobContext, "clock" | "log">;
}

/** What is known of hosts without a status. */
export interface AbsentFound {
  readonly absent: Absent;
  readonly hosts: readonly AbsentHost[];
  /** Endpoints by host; null: not known. */
  readonly endpoints: ReadonlyMap<string, number> | null;
}

/** Looks for one term. */
export class AbsentWatch {
  readonly #options: AbsentWatchOptions;
  readonly #term: Term;
  readonly #limited: RateLimitedLog;
  readonly #hosts = new AbsentHosts();
  readonly #record: SeenHostsRecord;
  readonly #reader: EndpointHostsReader;
  readonly #migrations = new StrandedMigrations();
  #seenSince: number | null = null;
  #lostAt: number | null = null;
  /** The changes of which the record in etcd tells; −1: it is not written yet. */
  #recorded = -1;
  /** Endpoints by host; null: not known. */
  #endpoints: ReadonlyMap<string, number> | null = null;
  /** The last account; null: there is none yet. */
  #found: AbsentFound | null = null;

  constructor(term: Term, options: AbsentWatchOptions) {
    const { config, etcd, context: { clock, log } } = options;
    this.#term = term;
    this.#options = options;
    this.#limited = new RateLimitedLog(log, clock);
    this.#record = new SeenHostsRecord(etcd, term, seenHostsKey(config.region));
    this.#reader = new EndpointHostsReader(config.stateDir, term.term);
  }

  /** Since when Felix's part of etcd has been seen without a gap, ms since the epoch; null: it is not. */
  get seenSince(): number | null {
    return this.#seenSince;
  }

  /** When it was seen last, ms since the epoch: the time at which what is known was true. */
  get seenAt(): number {
    return this.#lostAt ?? this.#options.context.clock.now();
  }

  /** What is known now, or was when etcd was seen last; null: nothing yet. */
  find(): AbsentFound | null {
    if (this.#seenSince === null || this.#record.isUnread) return this.#found;
    const now = this.#options.context.clock.now();
    const endpoints = this.#endpoints;
    const hosts = this.#hosts.list(endpoints, now);
    const stranded = this.#migrations.list((host) => this.#hosts.has(host), now);
    const awaited = this.#hosts.awaited(now);
    const absent = { ...inShort(hosts), awaited, stranded };
    return this.#found = { absent, hosts, endpoints };
  }

  /** All has been seen (null), or nothing can be seen. */
  sight(trouble: unknown): void {
    const now = this.#options.context.clock.now();
    if (trouble === null) {
      this.#seenSince ??= now;
      this.#lostAt = null;
    } else {
      this.#seenSince = null;
      this.#lostAt ??= now;
    }
  }

  /** A host's status is there or gone. */
  changed(host: string, isThere: boolean, live: boolean): void {
    if (isThere) this.#hosts.came(host);
    else this.#hosts.went(host, this.#options.context.clock.now(), live);
  }

  /** Looks until the term ends. */
  async run(): Promise<void> {
    const { clock } = this.#options.context;
    const { signal } = this.#term;
    while (!signal.aborted) {
      await abortable(this.#look(), signal).catch((error) => {
        if (signal.aborted) return;
        this.#limited.warn("cannot tell or remember which hosts have no Felix", { error });
      });
      await clock.sleep(TURN_MS, signal).catch(() => {});
    }
  }

  /** Follows live migrations until the term ends. @throws the watch has failed. */
  followMigrations(watchdog: Pick<Watchdog, "within">): Promise<void> {
    const { config, etcd, context: { clock } } = this.#options;
    return followMigrations(this.#term, {
      clock,
      region: config.region,
      etcd,
      callTimeoutMs: config.etcd.callTimeoutMs,
      watchdog,
      onStand: (id, value) => this.#migrations.stands(id, value, clock.now()),
      onEnd: (id) => this.#migrations.ended(id),
    });
  }

  async #look(): Promise<void> {
    const { clock } = this.#options.context;
    if (this.#seenSince === null) return;
    if (this.#record.isUnread) this.#hosts.restore(await this.#record.read(), clock.now());
    this.#endpoints = await this.#reader.read(clock.now());
    const { changes } = this.#hosts;
    if (changes === this.#recorded) return;
    const remembered = () => this.#hosts.remembered();
    if (await this.#record.write(remembered, clock.monotonic())) this.#recorded = changes;
  }
}

function inShort(all: readonly AbsentHost[]): Omit<Absent, "awaited" | "stranded"> {
  const [gone, unserved] = (["gone", "unserved"] as const)
    .map((why) => all.filter(({ absent }) => absent === why));
  const endpointsOn = (hosts: readonly AbsentHost[]) =>
    hosts.reduce((sum, { endpoints }) => sum + (endpoints ?? 0), 0);
  return {
    gone: gone!.length,
    unserved: unserved!.length,
    goneEndpoints: endpointsOn(gone!),
    unservedEndpoints: endpointsOn(unserved!),
    hosts: [...gone!.slice(0, SHOWN), ...unserved!.slice(0, SHOWN)],
  };
}
