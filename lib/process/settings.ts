/**
 * Which settings each process is given: what it uses and no more. So a secret is where it is needed, and
 * nowhere else; and a new configuration concerns exactly the processes whose settings are others now.
 *
 * The compiler holds a role to its settings (`runRole` hands it these and nothing else).
 *
 * @module
 */
import type { Config } from "../config/config_types.ts";
import type { ProcessPlace } from "./place.ts";

/** What every process uses of the configuration. */
function common({ stateDir, log, supervision }: Config) {
  return {
    stateDir,
    log: { level: log.level },
    supervision,
  };
}

/** What a role uses that works as master. */
function leading({ region, etcd, election: { name } }: Config) {
  return { region, etcd, election: { name } };
}

/** What a status watcher uses; in the lab, where that takes reports. */
function watching(config: Config) {
  const { bus, lab: { reportUrl } } = config;
  return { ...leading(config), bus, ...reportUrl !== null && { lab: { reportUrl } } };
}

const SETTINGS = {
  manager(config: Config, place: ProcessPlace) {
    const { nodeName, region, etcd, election, compaction, diagnostics: { host, port } } = config;
    const diagnostics = { host, port };
    const own = { nodeName, region, etcd, election, compaction, diagnostics };
    return { ...common(config), ...own, place };
  },
  "resource-syncer"(config: Config) {
    const { openstack, sync, notifications } = config;
    return { ...common(config), ...leading(config), openstack, sync, notifications };
  },
  "agent-status-watcher": (config: Config) => ({ ...common(config), ...watching(config) }),
  "endpoint-status-watcher"(config: Config) {
    const { openstack, status } = config;
    return { ...common(config), ...watching(config), openstack, status };
  },
  diagnostics(config: Config) {
    const { nodeName, diagnostics, sync: { startupResync } } = config;
    return { ...common(config), nodeName, diagnostics, sync: { startupResync } };
  },
  lab(config: Config) {
    const { region, etcd, lab } = config;
    return { ...common(config), region, etcd, lab };
  },
};

/** A process that is given settings. */
export type SettledName = keyof typeof SETTINGS;
/** The settings of one process. */
export type SettingsOf<Name extends SettledName> = ReturnType<typeof SETTINGS[Name]>;

/** Its part of the configuration. @param place where this node's processes run */
export function settingsOf<Name extends SettledName>(
  name: Name,
  config: Config,
  place: ProcessPlace,
): SettingsOf<Name> {
  return SETTINGS[name](config, place) as SettingsOf<Name>;
}
