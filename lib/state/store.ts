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
import { CHANGES_FILE, KV_FILE } from "../process/state_files.ts";
import { batchedInTime, type Kv, type OpenedKv } from "./kv.ts";
import { EventLog } from "./event_log.ts";
import { MastershipRecords } from "./mastership_records.ts";
import { boundedRun } from "./bounded_run.ts";
import { ResyncHistory } from "./resync_history.ts";
import { StateChanges } from "./news.ts";
import { type SealKeys, Seals } from "./seal.ts";
import {
  type Agents,
  agentsSchema,
  type Alive,
  aliveSchema,
  type Cluster,
  clusterSchema,
  type Compaction,
  compactionSchema,
  type ConfigurationRecord,
  configurationSchema,
  type Databases,
  databasesSchema,
  type Election,
  electionSchema,
  type EtcdMembers,
  etcdMembersSchema,
  type Event,
  eventsSchema,
  type Mastership,
  type NotificationsRecord,
  notificationsSchema,
  type OwnTerm,
  type Ports,
  portsSchema,
  type Released,
  releasedSchema,
  type ReloadRequest,
  reloadRequestSchema,
  type RestartRequest,
  restartRequestSchema,
  type Resync,
  type ResyncAnswer,
  resyncAnswerSchema,
  type ResyncRequest,
  resyncRequestSchema,
  type ResyncStep,
  roleSchema,
  type RoleState,
  type RoundsRecord,
  roundsSchema,
  type Samples,
  samplesSchema,
  type StepDownRequest,
  stepDownRequestSchema,
  supervisorSchema,
  type SupervisorState,
  type TermAccount,
  termAccountsSchema,
  type TraceAnswer,
  traceAnswerSchema,
  type TraceRequest,
  traceRequestSchema,
} from "./records.ts";

/** Time after which a record that says nothing new is written again, ms. */
const REPEAT_MS = 5000;

/** Typed access to the shared KV file; disposable. */
export class StateStore implements Disposable {
  readonly #kv: Kv;
  readonly #events: EventLog;
  readonly #parsed = new Map<string, { versionstamp: string; record: unknown }>();
  /** Beyond the newest resyncs: older ones, and counts by the hour. */
  readonly resyncHistory: ResyncHistory;
  readonly #leading: MastershipRecords;

  /**
   * @param changes tells of mastership, and of what operators ask for
   * @param seals null: whoever writes mastership is believed
   */
  constructor(
    kv: OpenedKv,
    readonly changes: StateChanges = new StateChanges(null),
    seals: Seals | null = null,
  ) {
    this.#kv = batchedInTime(kv);
    this.#leading = new MastershipRecords(this.#kv, seals);
    this.resyncHistory = new ResyncHistory(this.#kv);
    this.#events = new EventLog(this.#kv);
  }

  /**
   * Opens the file in a state directory, creating it when it is missing.
   *
   * @param keys whose word on mastership counts; null: anybody's, for whoever acts on none
   * @throws when the directory is not writable or the file is not a KV database.
   */
  static async open(stateDir: string, keys: SealKeys | null = null): Promise<StateStore> {
    const seals = keys && await Seals.of(keys);
    const path = `${stateDir}/${CHANGES_FILE}`;
    const kv = await Deno.openKv(`${stateDir}/${KV_FILE}`);
    // If it cannot be made, as on a full disk, each process looks by itself.
    await Deno.open(path, { create: true, write: true, mode: 0o600 }).then(
      (file) => file.close(),
      () => {},
    );
    return new StateStore(kv, new StateChanges(path), seals);
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

  #reader<T>(key: string, schema: z.ZodType<T>) {
    return (): Promise<T | null> => this.#get([key], schema);
  }

  #writer<T>(key: string) {
    return async (record: T): Promise<void> => void await this.#kv.set([key], record);
  }

  /** Reads the record of one role. */
  #readerOf<T>(key: string, schema: z.ZodType<T>) {
    return (role: string): Promise<T | null> => this.#get([key, role], schema);
  }

  #writerOf<T>(key: string) {
    return async (role: string, record: T): Promise<void> =>
      void await this.#kv.set([key, role], record);
  }

  /** Writes a record that somebody waits for. */
  async #tell(key: Deno.KvKey, record: unknown): Promise<void> {
    await this.#kv.set(key, record);
    await this.changes.announce();
  }

  /**
   * Writes a record that is repeated often: at once when it says something new, else only every few seconds,
   * to renew its time. A write costs about as much as all else that an idle role does in a second.
   */
  #newsWriter<T extends { readonly at: number }>(key: string) {
    let [lastAt, lastSaid] = [-Infinity, ""];
    return async (record: T): Promise<void> => {
      const said = JSON.stringify({ ...record, at: 0 });
      const age = record.at - lastAt;
      if (lastSaid === said && age >= 0 && age < REPEAT_MS) return;
      await this.#kv.set([key], record);
      [lastAt, lastSaid] = [record.at, said];
    };
  }

  /** This process's claim, if it is a manager. */
  get claim() {
    return this.#leading.claim;
  }

  /** See {@linkcode MastershipRecords}, as of the next four. */
  readonly readMastership = (): Promise<Mastership | null> => this.#leading.read();
  readonly mastershipStands = (): Promise<boolean> => this.#leading.stands();
  /** @throws {SupersededError} see {@linkcode MastershipClaim}. */
  async writeMastership(record: Mastership | null): Promise<void> {
    if (await this.#leading.write(record)) await this.changes.announce();
  }
  readonly readOwnTerm = (): Promise<OwnTerm | null> => this.#leading.readOwnTerm();
  /** @throws {SupersededError} see {@linkcode MastershipClaim}. */
  readonly writeOwnTerm = (record: OwnTerm): Promise<void> => this.#leading.writeOwnTerm(record);

  readonly readStepDown = this.#reader("step-down", stepDownRequestSchema);
  readonly writeStepDown = (record: StepDownRequest) => this.#tell(["step-down"], record);

  readonly readCluster = this.#reader("cluster", clusterSchema);
  readonly writeCluster = this.#writer<Cluster>("cluster");

  readonly readTermAccounts = this.#reader("term-accounts", termAccountsSchema);
  readonly writeTermAccounts = this.#writer<TermAccount[]>("term-accounts");

  readonly readEtcdMembers = this.#reader("etcd-members", etcdMembersSchema);
  readonly writeEtcdMembers = this.#newsWriter<EtcdMembers>("etcd-members");
  readonly readCompaction = this.#reader("compaction", compactionSchema);
  readonly writeCompaction = this.#writer<Compaction>("compaction");
  readonly readDatabases = this.#reader("databases", databasesSchema);
  readonly writeDatabases = this.#writer<Databases>("databases");

  readonly readElection = this.#reader("election", electionSchema);
  readonly writeElection = this.#newsWriter<Election>("election");

  readonly readRole = this.#readerOf("role", roleSchema);
  readonly writeRole = this.#writerOf<RoleState>("role");

  readonly readSupervisor = this.#reader("supervisor", supervisorSchema);
  readonly writeSupervisor = this.#writer<SupervisorState>("supervisor");

  readonly readConfiguration = this.#reader("configuration", configurationSchema);
  readonly writeConfiguration = this.#writer<ConfigurationRecord>("configuration");

  readonly readRestart = this.#readerOf("restart", restartRequestSchema);
  readonly writeRestart = (role: string, record: RestartRequest) =>
    this.#tell(["restart", role], record);

  readonly readReload = this.#reader("reload", reloadRequestSchema);
  readonly writeReload = (record: ReloadRequest) => this.#tell(["reload"], record);

  readonly readAlive = this.#readerOf("alive", aliveSchema);
  readonly writeAlive = this.#writerOf<Alive>("alive");

  /** The newest 50, newest first; empty when there is none. */
  readonly readResyncs = (): Promise<Resync[]> => this.resyncHistory.read();
  /** Adds a resync to the history or replaces it there; what is too old goes. */
  readonly writeResync = (record: Resync): Promise<void> => this.resyncHistory.write(record);

  /** Notes the step of a resync that runs; it shows in its record until that is written again. */
  readonly writeResyncStep = (step: ResyncStep): Promise<void> =>
    this.resyncHistory.writeStep(step);

  readonly readResyncRequest = this.#reader("resync-request", resyncRequestSchema);
  /** Null: it was taken up. */
  async writeResyncRequest(record: ResyncRequest | null): Promise<void> {
    await (record ? this.#tell(["resync-request"], record) : this.#kv.delete(["resync-request"]));
  }

  readonly readResyncAnswer = this.#reader("resync-answer", resyncAnswerSchema);
  readonly writeResyncAnswer = (record: ResyncAnswer) =>
    this.#tell(["resync-answer"], boundedRun(record));

  readonly readTraceRequest = this.#reader("trace-request", traceRequestSchema);
  /** Null: it was taken up. */
  async writeTraceRequest(record: TraceRequest | null): Promise<void> {
    await (record ? this.#tell(["trace-request"], record) : this.#kv.delete(["trace-request"]));
  }
  readonly readTraceAnswer = this.#reader("trace-answer", traceAnswerSchema);
  readonly writeTraceAnswer = (record: TraceAnswer) => this.#tell(["trace-answer"], record);

  readonly readReleased = this.#reader("released", releasedSchema);
  readonly writeReleased = this.#writer<Released>("released");

  readonly readAgents = this.#reader("agents", agentsSchema);
  readonly writeAgents = this.#newsWriter<Agents>("agents");

  readonly readNotifications = this.#reader("notifications", notificationsSchema);
  readonly writeNotifications = this.#writer<NotificationsRecord>("notifications");

  readonly readRounds = this.#reader("rounds", roundsSchema);
  readonly writeRounds = this.#newsWriter<RoundsRecord>("rounds");

  readonly readPorts = this.#reader("ports", portsSchema);
  readonly writePorts = this.#newsWriter<Ports>("ports");

  readonly readMetrics = this.#readerOf("metrics", metricsSchema);
  readonly writeMetrics = this.#writerOf<MetricsRecord>("metrics");

  readonly readSamples = this.#reader("samples", samplesSchema);
  readonly writeSamples = this.#writer<Samples>("samples");
  readonly readDaySamples = this.#reader("samples-day", samplesSchema);
  readonly writeDaySamples = this.#writer<Samples>("samples-day");

  /** Events of one source (a role, "supervisor" or "requests"), newest first. */
  async readEvents(source: string): Promise<Event[]> {
    return await this.#get(["events", source], eventsSchema) ?? [];
  }
  /** Adds an event of one source, of which several processes may write. */
  readonly addEvent = (source: string, event: Event): Promise<void> =>
    this.#events.add(source, event);

  [Symbol.dispose](): void {
    this.changes[Symbol.dispose]();
    this.#kv.close();
  }
}
