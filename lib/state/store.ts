/**
 * The Deno KV file that the processes of one node share: every key in one place.
 * What is read is validated; a record that does not fit its schema counts as absent. `kv.watch` does
 * not see the writes of other processes; {@linkcode StateStore.changes} tells of those that are waited for.
 *
 * Heartbeats and small summaries only: about one write a second per role, each value far below
 * Deno KV's limit of 64 KiB, so that what the elector publishes never waits behind bulk writes.
 *
 * @module
 */
import type { z } from "zod";
import { type MetricsRecord, metricsSchema } from "../metrics/meter.ts";
import { batchReads } from "./kv_batch.ts";
import { type Kv, withDeadline } from "./kv_deadline.ts";
import { clip } from "../base/clip.ts";
import { MastershipClaim } from "./mastership_claim.ts";
import { boundedRun, ResyncHistory } from "./resync_history.ts";
import { CHANGES_FILE, StateChanges } from "./news.ts";
import {
  type Agents,
  agentsSchema,
  type Alive,
  aliveSchema,
  type Cluster,
  clusterSchema,
  type Compaction,
  compactionSchema,
  type Election,
  electionSchema,
  type Event,
  eventsSchema,
  type Mastership,
  mastershipSchema,
  type NotificationsRecord,
  notificationsSchema,
  type OwnTerm,
  ownTermSchema,
  type Ports,
  portsSchema,
  type Released,
  releasedSchema,
  type RestartRequest,
  restartRequestSchema,
  type Resync,
  type ResyncAnswer,
  resyncAnswerSchema,
  type ResyncRequest,
  resyncRequestSchema,
  roleSchema,
  type RoleState,
  type Samples,
  samplesSchema,
  type StepDownRequest,
  stepDownRequestSchema,
  supervisorSchema,
  type SupervisorState,
} from "./records.ts";

/** Name of the KV file inside the state directory. */
export const KV_FILE = "state.kv";

/** Time after which a record that says nothing new is written again, ms. */
const REPEAT_MS = 5000;
const MAX_EVENTS = 50;
const MAX_EVENT_CHARS = 500;

/** Typed access to the shared KV file; disposable. */
export class StateStore implements Disposable {
  readonly #kv: Kv;
  /** The latest write of an event; the next one waits for it, or one of the two would be lost. */
  #lastEvent: Promise<void> = Promise.resolve();
  readonly #said = new Map<string, { at: number; said: string }>();
  readonly #parsed = new Map<string, { versionstamp: string; record: unknown }>();
  readonly #resyncs: ResyncHistory;
  /** The term that this process has published last. */
  #published: string | null = null;
  /** Only a manager makes a claim. */
  readonly claim: MastershipClaim;

  /** `changes`: tells of mastership, and of what operators ask for. */
  constructor(kv: Kv, readonly changes: StateChanges = new StateChanges(null)) {
    this.#kv = batchReads(withDeadline(kv));
    this.claim = new MastershipClaim(this.#kv);
    this.#resyncs = new ResyncHistory(this.#kv);
  }

  /**
   * Opens the file in a state directory, creating it when it is missing.
   *
   * @throws when the directory is not writable or the file is not a KV database.
   */
  static async open(stateDir: string): Promise<StateStore> {
    const path = `${stateDir}/${CHANGES_FILE}`;
    const kv = await Deno.openKv(`${stateDir}/${KV_FILE}`);
    // If it cannot be made, as on a full disk, each process looks by itself.
    await Deno.open(path, { create: true, write: true, mode: 0o600 }).then(
      (file) => file.close(),
      () => {},
    );
    return new StateStore(kv, new StateChanges(path));
  }

  async #get<T>(key: Deno.KvKey, schema: z.ZodType<T>): Promise<T | null> {
    const { value, versionstamp } = await this.#kv.get(key);
    if (versionstamp === null) return null;
    // Validating costs as much as reading, and most reads find what the last one found.
    const name = key.join("/");
    const last = this.#parsed.get(name);
    if (last?.versionstamp === versionstamp) return last.record as T | null;
    const parsed = schema.safeParse(value);
    const record = parsed.success ? parsed.data : null;
    this.#parsed.set(name, { versionstamp, record });
    return record;
  }

  /**
   * Writes a record that is repeated often: at once when it says something new, else only every few seconds,
   * to renew its time. A write costs about as much as all else that an idle role does in a second.
   */
  async #setNews(key: string, record: { readonly at: number }): Promise<void> {
    const said = JSON.stringify({ ...record, at: 0 });
    const last = this.#said.get(key);
    const age = record.at - (last?.at ?? -Infinity);
    if (last?.said === said && age >= 0 && age < REPEAT_MS) return;
    await this.#kv.set([key], record);
    this.#said.set(key, { at: record.at, said });
  }

  readMastership(): Promise<Mastership | null> {
    return this.#get(["mastership"], mastershipSchema);
  }
  /** Null publishes "nobody". @throws {SupersededError} see {@linkcode MastershipClaim}. */
  async writeMastership(record: Mastership | null): Promise<void> {
    await this.claim.write(["mastership"], record);
    const heartbeat = record !== null && record.term === this.#published;
    this.#published = record?.term ?? null;
    if (!heartbeat) await this.changes.announce();
  }

  readOwnTerm(): Promise<OwnTerm | null> {
    return this.#get(["own-term"], ownTermSchema);
  }
  /** @throws {SupersededError} see {@linkcode MastershipClaim}. */
  async writeOwnTerm(record: OwnTerm): Promise<void> {
    await this.claim.write(["own-term"], record);
  }

  readStepDown(): Promise<StepDownRequest | null> {
    return this.#get(["step-down"], stepDownRequestSchema);
  }
  async writeStepDown(record: StepDownRequest): Promise<void> {
    await this.#kv.set(["step-down"], record);
    await this.changes.announce();
  }

  readCluster(): Promise<Cluster | null> {
    return this.#get(["cluster"], clusterSchema);
  }
  async writeCluster(record: Cluster): Promise<void> {
    await this.#kv.set(["cluster"], record);
  }

  readCompaction(): Promise<Compaction | null> {
    return this.#get(["compaction"], compactionSchema);
  }
  async writeCompaction(record: Compaction): Promise<void> {
    await this.#kv.set(["compaction"], record);
  }

  readElection(): Promise<Election | null> {
    return this.#get(["election"], electionSchema);
  }
  async writeElection(record: Election): Promise<void> {
    await this.#setNews("election", record);
  }

  readRole(role: string): Promise<RoleState | null> {
    return this.#get(["role", role], roleSchema);
  }
  async writeRole(role: string, record: RoleState): Promise<void> {
    await this.#kv.set(["role", role], record);
  }

  readSupervisor(): Promise<SupervisorState | null> {
    return this.#get(["supervisor"], supervisorSchema);
  }
  async writeSupervisor(record: SupervisorState): Promise<void> {
    await this.#kv.set(["supervisor"], record);
  }

  readRestart(role: string): Promise<RestartRequest | null> {
    return this.#get(["restart", role], restartRequestSchema);
  }
  async writeRestart(role: string, record: RestartRequest): Promise<void> {
    await this.#kv.set(["restart", role], record);
    await this.changes.announce();
  }

  readAlive(role: string): Promise<Alive | null> {
    return this.#get(["alive", role], aliveSchema);
  }
  async writeAlive(role: string, record: Alive): Promise<void> {
    await this.#kv.set(["alive", role], record);
  }

  /** Newest first; empty when there is none. */
  readResyncs(): Promise<Resync[]> {
    return this.#resyncs.read();
  }
  /** Adds a resync to the history or replaces it there; what is too old goes. */
  async writeResync(record: Resync): Promise<void> {
    await this.#resyncs.write(record);
  }

  readResyncRequest(): Promise<ResyncRequest | null> {
    return this.#get(["resync-request"], resyncRequestSchema);
  }
  /** Null: it was taken up. */
  async writeResyncRequest(record: ResyncRequest | null): Promise<void> {
    if (!record) return await this.#kv.delete(["resync-request"]);
    await this.#kv.set(["resync-request"], record);
    await this.changes.announce();
  }

  readResyncAnswer(): Promise<ResyncAnswer | null> {
    return this.#get(["resync-answer"], resyncAnswerSchema);
  }
  async writeResyncAnswer(record: ResyncAnswer): Promise<void> {
    await this.#kv.set(["resync-answer"], boundedRun(record));
    await this.changes.announce();
  }

  readReleased(): Promise<Released | null> {
    return this.#get(["released"], releasedSchema);
  }
  async writeReleased(record: Released): Promise<void> {
    await this.#kv.set(["released"], record);
  }

  readAgents(): Promise<Agents | null> {
    return this.#get(["agents"], agentsSchema);
  }
  async writeAgents(record: Agents): Promise<void> {
    await this.#setNews("agents", record);
  }

  readNotifications(): Promise<NotificationsRecord | null> {
    return this.#get(["notifications"], notificationsSchema);
  }
  async writeNotifications(record: NotificationsRecord): Promise<void> {
    await this.#kv.set(["notifications"], record);
  }

  readPorts(): Promise<Ports | null> {
    return this.#get(["ports"], portsSchema);
  }
  async writePorts(record: Ports): Promise<void> {
    await this.#setNews("ports", record);
  }

  readMetrics(role: string): Promise<MetricsRecord | null> {
    return this.#get(["metrics", role], metricsSchema);
  }
  async writeMetrics(role: string, record: MetricsRecord): Promise<void> {
    await this.#kv.set(["metrics", role], record);
  }

  readSamples(): Promise<Samples | null> {
    return this.#get(["samples"], samplesSchema);
  }
  async writeSamples(record: Samples): Promise<void> {
    await this.#kv.set(["samples"], record);
  }

  /** Events of one source (a role or "supervisor"), newest first. */
  async readEvents(source: string): Promise<Event[]> {
    return await this.#get(["events", source], eventsSchema) ?? [];
  }
  /** Adds an event of one source; each source has one writer, so that nothing is lost. */
  addEvent(source: string, event: Event): Promise<void> {
    const before = this.#lastEvent;
    return this.#lastEvent = (async () => {
      await before.catch(() => {}); // its own caller hears of that
      const bounded = { ...event, message: clip(event.message, MAX_EVENT_CHARS) };
      const events = [bounded, ...await this.readEvents(source)].slice(0, MAX_EVENTS);
      await this.#kv.set(["events", source], events);
    })();
  }

  [Symbol.dispose](): void {
    this.changes[Symbol.dispose]();
    this.#kv.close();
  }
}
