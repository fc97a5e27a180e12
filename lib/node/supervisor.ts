/**
 * Keeps all roles of a node running and stops them in the order of {@linkcode STOP_GROUPS}: the election
 * key is released only when nobody works any more, and a standby then wins at once.
 *
 * @module
 */
import { STOP_GROUPS } from "../process/roles.ts";
import { isCrashLoop } from "./restart_policy.ts";
import { type RoleDeps, type RoleSpec, SupervisedRole } from "./supervised_role.ts";

/** A role's watch that has made no progress for so long, beside the time that a stop takes, ms. */
const LATE_MS = 10_000;

interface Running {
  readonly spec: RoleSpec;
  readonly role: SupervisedRole;
  readonly stop: AbortController;
  readonly done: Promise<void>;
}

/** What changed with a new configuration: names of roles. */
export interface Changes {
  readonly stopped: readonly string[];
  readonly started: readonly string[];
  readonly restarted: readonly string[];
  readonly kept: readonly string[];
}

/** The roles of one node. Start it, and stop it at the end. */
export class Supervisor {
  readonly #deps: RoleDeps;
  readonly #running = new Map<string, Running>();
  readonly #hurry = new AbortController();

  constructor(deps: RoleDeps) {
    this.#deps = { ...deps };
  }

  /** Starts the roles. The mastership record is cleared now and whenever the manager ends. */
  async start(specs: readonly RoleSpec[]): Promise<void> {
    await this.#deps.store.writeMastership(null);
    for (const spec of specs) this.#run(spec);
  }

  /** Restarts the roles whose way to be started has changed, in order; the others go on. */
  async change(
    specs: readonly RoleSpec[],
    timeouts: Pick<RoleDeps, "roleTimeoutMs" | "stopTimeoutMs">,
  ): Promise<Changes> {
    Object.assign(this.#deps, timeouts); // roles that go on see it too
    const wanted = new Map(specs.map((spec) => [spec.name, spec]));
    const gone = [...this.#running.values()].filter(({ spec }) => {
      const next = wanted.get(spec.name);
      return !next || fingerprint(next) !== fingerprint(spec);
    }).map(({ spec }) => spec.name);
    const kept = [...this.#running.keys()].filter((name) => !gone.includes(name));
    await this.#stop(gone);
    const begun = specs.filter(({ name }) => !kept.includes(name));
    for (const spec of begun) this.#run(spec);
    return {
      stopped: gone.filter((name) => !wanted.has(name)),
      restarted: gone.filter((name) => wanted.has(name)),
      started: begun.map(({ name }) => name).filter((name) => !gone.includes(name)),
      kept,
    };
  }

  /** Stops everything in order; resolves when every process is gone. */
  async stop(): Promise<void> {
    await this.#stop([...this.#running.keys()]);
  }

  /** Ends the patience with roles that stop, but for the manager, which has a key to release. */
  hurry(): void {
    this.#hurry.abort();
  }

  /** Names of roles that end again and again. */
  get crashLoops(): string[] {
    return [...this.#running.values()].filter(({ role }) => isCrashLoop(role.state))
      .map(({ spec }) => spec.name);
  }

  /** Whether every role has shown that it lives, or has been tried. */
  get started(): boolean {
    return [...this.#running.values()].every(({ role: { state, turnedAt } }) =>
      turnedAt === Infinity || state.state === "running" || state.restarts > 0
    );
  }

  /** Whether this supervisor watches every role. */
  get progresses(): boolean {
    const { clock, stopTimeoutMs } = this.#deps;
    const limit = clock.monotonic() - stopTimeoutMs - LATE_MS;
    return [...this.#running.values()].every(({ role }) => role.turnedAt > limit);
  }

  #run(spec: RoleSpec): void {
    const stop = new AbortController();
    const manager = spec.name === "manager";
    const onEnd = manager ? () => this.#deps.store.writeMastership(null) : spec.onEnd;
    const role = new SupervisedRole({ ...spec, onEnd }, this.#deps);
    const done = role.run(stop.signal, manager ? undefined : this.#hurry.signal);
    this.#running.set(spec.name, { spec, role, stop, done });
  }

  async #stop(names: readonly string[]): Promise<void> {
    const stopped = [...this.#running.values()].filter(({ spec }) => names.includes(spec.name));
    for (const group of STOP_GROUPS) {
      const members = stopped.filter(({ spec }) => spec.stopGroup === group);
      for (const member of members) member.stop.abort();
      await Promise.all(members.map((member) => member.done));
      for (const { spec } of members) this.#running.delete(spec.name);
    }
  }
}

/** What a role is started with, to be compared. */
function fingerprint({ command, args, env, input, files, search }: RoleSpec): string {
  return JSON.stringify([command, args, env, input, files, search]);
}
