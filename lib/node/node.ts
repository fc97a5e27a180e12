/**
 * One running node: the supervisor with its roles, the state directory under them, the configuration,
 * which can be read again, and the service manager that is told how it goes.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import type { ResolvedConfig } from "../config/resolve.ts";
import type { Config } from "../config/config_types.ts";
import { configurationDigests } from "../config/configuration_digests.ts";
import { locateEndpoints, lookUpEndpoints, withEndpoints } from "./catalogue_lookup.ts";
import type { Launcher } from "../process/launcher.ts";
import { describeError, type Log, type LogEntry } from "../base/log.ts";
import { machinePlaces } from "../process/machine_places.ts";
import type { PageFeed } from "../state/page_feed.ts";
import type { PermissionPlaces } from "../process/permissions.ts";
import type { ProcessPlace } from "../process/place.ts";
import { awaitingEndpoints, permissionRows, roleSpecs } from "./role_specs.ts";
import { Reloads } from "./reload.ts";
import type { ServiceManager } from "./service_manager.ts";
import { noteRequest } from "../state/asked_for.ts";
import { openStateDir, type StateDir } from "../state/directory.ts";
import type { ReloadOutcome } from "../state/reload_request.ts";
import type { StateStore } from "../state/store.ts";
import { StateWatch } from "../state/directory_watch.ts";
import type { RoleSpec } from "./supervised_role.ts";
import { Supervisor } from "./supervisor.ts";

/** What a node works with. */
export interface NodeOptions {
  readonly pid: number;
  /** Where this process and those that it starts run. */
  readonly place: ProcessPlace;
  readonly launcher: Launcher;
  readonly log: Log;
  readonly clock: Clock;
  readonly serviceManager: ServiceManager | null;
  /** Reads the configuration anew. @throws {ConfigError} it cannot be used. */
  resolve(): ResolvedConfig;
  /** How the node is, in a sentence. Rejects when the store cannot be read. */
  verdict(store: StateStore, config: Config): Promise<string>;
  /** Called with each configuration that comes into force. */
  onConfig(config: Config): void;
  /** Called once the state directory is this node's; what it returns is disposed of before it is given back. */
  announce(): Promise<AsyncDisposable>;
  /** Receives the records that roles log. */
  forward(entry: LogEntry): void;
  /** What the page's process is told beside its settings. */
  readonly feed: PageFeed;
}

/** What may be asked of a node while it runs. */
export interface NodeSignals {
  /** Stop in order. */
  readonly stop: AbortSignal;
  /** Do not wait for roles that stop slowly. */
  readonly hurry: AbortSignal;
}

const TURN_MS = 1000;
/** Pause between the loss of the state file and the new start, ms, so that a lasting cause costs little. */
const AGAIN_MS = 1000;

/** Longest wait for Keystone when the configuration is read again, ms. */
const ASK_AGAIN_MS = 10_000;

/** A search for endpoints. */
interface Located {
  readonly from: Config;
  readonly config: Promise<Config>;
  /** What it has found, once it has. */
  found: Config | null;
  /** Gives the search up. */
  readonly giveUp: AbortController;
  /** Number of the search. */
  readonly search: number;
}

/** A node from its start to its end; `run` it once. */
export class Node {
  #config: Config;
  /** Roles that ended again and again when the node stopped. */
  #crashLoops: readonly string[] = [];
  readonly #reloads = new Reloads();
  /** Whether the service manager was told that this node is ready. */
  #ready = false;
  /** The configuration with its endpoints from Keystone's catalogue, and what gives the search up. */
  #located: Located | null = null;

  constructor(config: Config, readonly options: NodeOptions, readonly signals: NodeSignals) {
    this.#config = config;
  }

  /** The configuration is to be read again, soon. */
  reload(): void {
    this.#reloads.signalled();
  }

  /**
   * Runs until it is stopped, and resolves with the roles that ended again and again at that time. When
   * the state file is lost, everything is stopped and started again with a new one.
   *
   * @throws {StateDirError} the state directory cannot be used.
   */
  async run(): Promise<readonly string[]> {
    const { clock, log } = this.options;
    const { stop } = this.signals;
    while (!stop.aborted) {
      const { stateDir } = this.#config;
      const holder = `pid ${this.options.pid} of ${this.#config.nodeName}`;
      using state = await openStateDir(stateDir, holder, log);
      await using _announced = await this.options.announce();
      await this.#runOn(state, stateDir);
      await clock.sleep(AGAIN_MS, stop).catch(() => {});
    }
    return this.#crashLoops;
  }

  /** Runs until the node is stopped or its state file is lost. */
  async #runOn(state: StateDir, stateDir: string): Promise<void> {
    const { store } = state;
    const { pid, clock, log, serviceManager } = this.options;
    const { stop, hurry } = this.signals;
    const { nodeName: node } = this.#config;
    const watch = await StateWatch.begin(stateDir, store, { pid, node, clock, log });
    const supervisor = new Supervisor({
      log,
      clock,
      store,
      ...this.#config.supervision,
      storeHealth: () => watch.health,
      forward: (entry) => this.options.forward(entry),
      random: Math.random,
    });
    const onHurry = () => supervisor.hurry();
    hurry.addEventListener("abort", onHurry);
    const readAgain = () => this.#readAgain(supervisor, state);
    let noted: Promise<void> | null = null;
    try {
      await this.#noteConfiguration(store);
      await supervisor.start(await this.#specs(this.#config, state));
      while (!stop.aborted && (await watch.look()).is !== "lost") {
        const toTell = this.#ready ? serviceManager : null;
        await this.#reloads.turn(readAgain, { store, log, clock, serviceManager: toTell });
        if (serviceManager) await this.#tell(serviceManager, supervisor, watch, store);
        await clock.sleep(TURN_MS, stop).catch(() => {});
      }
      if (stop.aborted) {
        serviceManager?.stopping();
        noted = noteRequest(store, clock, {
          by: String(stop.reason),
          what: "a stop of this node",
        });
      }
      this.#crashLoops = supervisor.crashLoops;
    } finally {
      const why = stop.aborted ? "the node stops" : "the node ends or begins again";
      await this.#reloads.end(store, why);
      await supervisor.stop();
      await noted;
      hurry.removeEventListener("abort", onHurry);
    }
  }

  async #specs(config: Config, { store, seals }: StateDir): Promise<RoleSpec[]> {
    const { launcher, log, feed, place: process } = this.options;
    const places = { ...await machinePlaces(config, launcher, log), process, seals };
    await this.#lookAgain(config, places);
    const located = this.#locate(config, places, store);
    feed.permit(permissionRows(config, places));
    located.then((complete) => feed.permit(permissionRows(complete, places)), () => {});
    return roleSpecs(config, places, launcher, located, this.#located?.search).map((spec) =>
      spec.name === "diagnostics" ? { ...spec, onStart: (write) => feed.attach(write) } : spec
    );
  }

  /** The configuration with its endpoints; a search goes on until the configuration of OpenStack changes. */
  #locate(config: Config, places: PermissionPlaces, store: StateStore): Promise<Config> {
    const waiting = awaitingEndpoints(config);
    if (waiting.length === 0) return Promise.resolve(config);
    let located = this.#located;
    if (!located || !sameOpenstack(located.from, config)) {
      located?.giveUp.abort();
      const { launcher, log, clock } = this.options;
      const giveUp = new AbortController();
      const signal = AbortSignal.any([this.signals.stop, giveUp.signal]);
      const wait = (problem: string | null) => {
        if (problem === null) return;
        const alive = { at: clock.now(), pid: 0, doing: "not started yet", problem };
        for (const name of waiting) store.writeAlive(name, alive).catch(() => {});
      };
      const deps = { launcher, places, log, clock, signal };
      located = this.#remember(config, locateEndpoints(config, deps, wait), giveUp);
    }
    return located.config.then(({ openstack }) => ({ ...config, openstack }));
  }

  #remember(from: Config, config: Promise<Config>, giveUp = new AbortController()): Located {
    const search = (this.#located?.search ?? 0) + 1;
    const located: Located = { from, config, found: null, giveUp, search };
    config.then((found) => located.found = found, () => {}); // given up
    return this.#located = located;
  }

  /** Asks the catalogue again for what it has told before; another answer counts as a new search. */
  async #lookAgain(config: Config, places: PermissionPlaces): Promise<void> {
    const { launcher, log } = this.options;
    const before = this.#located;
    if (!before?.found || !sameOpenstack(before.from, config)) return;
    const limit = AbortSignal.any([this.signals.stop, AbortSignal.timeout(ASK_AGAIN_MS)]);
    try {
      const told = await lookUpEndpoints(config, { launcher, places, signal: limit });
      const now = withEndpoints(config, told);
      if (sameOpenstack(now, before.found)) return;
      const { neutronUrl, novaUrl } = now.openstack;
      log.info("Keystone's catalogue names other endpoints", { neutronUrl, novaUrl });
      this.#remember(config, Promise.resolve(now));
    } catch (error) {
      log.warn("Keystone's catalogue cannot be asked again, its endpoints stay as they were", {
        error,
      });
    }
  }

  /** For the manager, which tells the other nodes; it is no setting of its, or each option would restart it. */
  async #noteConfiguration(store: StateStore): Promise<void> {
    await store.writeConfiguration(configurationDigests(this.#config)).catch((error) => {
      this.options.log.warn("the other nodes cannot compare their configurations with ours", {
        error,
      });
    });
  }

  /** Reads the configuration again; one that cannot be used is refused, and the one before stays. */
  async #readAgain(supervisor: Supervisor, state: StateDir): Promise<ReloadOutcome> {
    const { log } = this.options;
    try {
      const { config, warnings } = this.options.resolve();
      if (config.stateDir !== this.#config.stateDir) {
        throw new Error("state_dir cannot change while the node runs: stop it first");
      }
      for (const warning of warnings) log.warn(warning);
      const specs = await this.#specs(config, state);
      this.#config = config;
      this.options.onConfig(config);
      await this.#noteConfiguration(state.store);
      const changes = await supervisor.change(specs, config.supervision);
      log.info("the configuration was read again", { ...changes });
      const names = [...changes.restarted, ...changes.started, ...changes.stopped].join(", ");
      return { is: "in force", concerns: names || "no role" };
    } catch (error) {
      return { is: "refused", reason: describeError(error) };
    }
  }

  /** How the node is, for the service manager. */
  async #tell(
    manager: ServiceManager,
    supervisor: Supervisor,
    watch: StateWatch,
    store: StateStore,
  ): Promise<void> {
    if (supervisor.progresses) manager.alive();
    if (!this.#ready && supervisor.started) {
      this.#ready = true;
      manager.ready();
    }
    const { health } = watch;
    if (health.is !== "fine") {
      return manager.status(`The state file takes no writes: ${health.reason}`);
    }
    await this.options.verdict(store, this.#config).then(
      (text) => manager.status(text),
      (error) => manager.status(`The node's state cannot be read: ${describeError(error)}`),
    );
  }
}

function sameOpenstack(one: Config, other: Config): boolean {
  return JSON.stringify(one.openstack) === JSON.stringify(other.openstack);
}
