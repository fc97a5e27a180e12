/**
 * The settings of the node that `start` runs, and their record, which follows them: other commands of this
 * machine speak of what is in force, and not of what was read and refused.
 *
 * @module
 */
import { resolve } from "node:path";
import type { Log } from "../lib/base/log.ts";
import { VERSION } from "../lib/base/version.ts";
import type { Config } from "../lib/config/config_types.ts";
import { recordSettings } from "../lib/config/recorded_settings.ts";
import type { ResolvedConfig } from "../lib/config/resolve.ts";
import type { ProcessPlace } from "../lib/process/place.ts";
import { Announcement, type NodeRecord } from "../lib/state/node_record.ts";
import type { CommandContext } from "./context.ts";

/** A node's settings from its start to its end. */
export class SettingsInForce {
  #inForce: ResolvedConfig;
  /** What was read last, whether or not it is used. */
  #read: ResolvedConfig;
  readonly #configFiles: NodeRecord["configFiles"];
  #announcement: Announcement | null = null;
  #place: ProcessPlace | null = null;

  /** @throws {ConfigError} the configuration cannot be used. */
  constructor(readonly context: CommandContext) {
    this.#inForce = this.#read = context.resolve();
    this.#configFiles = context.given.configPaths.map(({ path, directory }) => ({
      path,
      directory,
      // Links are left in it: what they lead to may be another file at the next reading.
      absolute: resolve(path),
    }));
  }

  get config(): Config {
    return this.#inForce.config;
  }

  get effective(): ResolvedConfig["effective"] {
    return this.#inForce.effective;
  }

  get warnings(): readonly string[] {
    return this.#inForce.warnings;
  }

  /** Reads them anew. @throws {ConfigError} they cannot be used. */
  readAgain(): ResolvedConfig {
    return this.#read = this.context.resolve();
  }

  /** What was read last is used from now on. */
  comeIntoForce(config: Config): void {
    if (this.#read.config !== config) return;
    this.#inForce = this.#read;
    void this.#publish();
  }

  /** Tells commands of this machine of the node; its state directory is locked. */
  async announce(log: Log, place: ProcessPlace): Promise<Announcement> {
    this.#place = place;
    const { pointers } = this.context.given.places;
    this.#announcement = new Announcement(this.config.stateDir, pointers, log);
    await this.#publish();
    return this.#announcement;
  }

  async #publish(): Promise<void> {
    await this.#announcement?.publish({
      node: this.config.nodeName,
      pid: this.context.pid,
      version: VERSION,
      place: this.#place!,
      configFiles: [...this.#configFiles],
      settings: recordSettings(this.effective),
      warnings: [...this.warnings],
    });
  }
}
