/**
 * THE list of roles: all that the node knows of each, one row a role. Whatever else names roles is made
 * from it: the order of the start and of the stop, the settings and permissions of their processes, who
 * waits for Keystone's catalogue, the schema of the page. To add a role: its row here and its entry file.
 *
 * It is here, far below `roles/`, because state, launcher and page need the names; so it must be cheap to
 * load, and imports no schema and no client.
 *
 * Settings are what a process uses of the configuration and no more. So a secret is where it is needed,
 * and nowhere else; and a new configuration concerns exactly the processes whose settings are others now.
 * The compiler holds a role to its settings (`runRole` hands it these and nothing else). Permissions are
 * exact as well: a role that is taken over can reach what it needs for its job. `deno task audit` holds
 * them against what is used.
 *
 * @module
 */
import type { Config } from "../config/config_types.ts";
import { type Grants, type PermissionRow, unique } from "./grants.ts";
import type { ProcessPlace } from "./place.ts";

/**
 * Groups of roles that stop together, one group after the other: first those that work as master, then
 * the page, then the manager, so that the election key is released only when nobody works any more, and
 * last the lab, whose etcd the others have used.
 */
export const STOP_GROUPS = ["work", "page", "election", "lab"] as const;
/** A group of {@linkcode STOP_GROUPS}. */
export type StopGroup = typeof STOP_GROUPS[number];

/** What the node knows of a role. */
export interface RoleRow {
  /** Its job, in a few words for people. */
  readonly about: string;
  /** Path of its entry file below the root. */
  readonly module: string;
  /** The same in a lab, where it has another. */
  readonly labModule?: string;
  /** When it is stopped. */
  readonly stopGroup: StopGroup;
  /** Whether it has spans, and so gets OpenTelemetry's settings, which may hold a login. */
  readonly sendsSpans: boolean;
  /** Whether it waits until Keystone's catalogue has told the endpoints that are not configured. */
  awaits(config: Config): boolean;
  /** Its part of the configuration. */
  settings(config: Config, place: ProcessPlace): unknown;
  /** What its process may do. */
  permissions(grants: Grants): PermissionRow;
}

/** What every role uses of the configuration. */
function common({ stateDir, log, supervision }: Config) {
  return { stateDir, log: { level: log.level }, supervision };
}

/** What a role uses that works as master. */
function leading(config: Config) {
  const { region, etcd, election: { name } } = config;
  return { ...common(config), region, etcd, election: { name } };
}

/** What a status watcher uses; in the lab, where that takes reports. */
function watching(config: Config) {
  const { bus, lab: { reportUrl } } = config;
  return { ...leading(config), bus, ...reportUrl !== null && { lab: { reportUrl } } };
}

const never = () => false;

/** The roles, in the order in which they start. */
export const ROLES = {
  manager: {
    about: "leader election, compaction of etcd",
    module: "roles/manager.ts",
    stopGroup: "election",
    sendsSpans: false,
    awaits: never,
    settings(config: Config, place: ProcessPlace) {
      const { nodeName, region, etcd, election, compaction } = config;
      const { host, port, tls } = config.diagnostics;
      const diagnostics = { host, port, tls: tls && {} }; // whether the page has TLS, not its files
      const own = { nodeName, region, etcd, election, compaction, diagnostics };
      // The lab's process starts its etcd while this one starts.
      const { enabled } = config.lab;
      return { ...common(config), ...own, lab: { enabled }, place };
    },
    permissions: ({ withEtcd, net }: Grants) => ({
      ...withEtcd,
      net: unique([...net.etcd, ...net.etcdHttp]),
    }),
  },
  "resource-syncer": {
    about: "Neutron → Calico resources in etcd",
    module: "roles/resource_syncer.ts",
    stopGroup: "work",
    sendsSpans: true,
    awaits: ({ openstack }: Config) => openstack.fromCatalogue.neutron,
    settings(config: Config) {
      const { openstack, sync, notifications } = config;
      return { ...leading(config), openstack, sync, notifications };
    },
    permissions: ({ withEtcd, net, files, writes }: Grants) => ({
      ...withEtcd,
      write: writes("resources"),
      net: unique([...net.etcd, ...net.neutron, ...net.keystone, ...net.notifications]),
      read: unique([...withEtcd.read, ...files.openstack, ...files.notifications]),
    }),
  },
  "agent-status-watcher": {
    about: "Felix status → agent reports",
    module: "roles/agent_status_watcher.ts",
    labModule: "lab/agent_status_watcher.ts",
    stopGroup: "work",
    sendsSpans: true,
    awaits: never,
    settings: (config: Config) => watching(config),
    permissions: ({ withEtcd, net, files, writes }: Grants) => ({
      ...withEtcd,
      write: writes("agents"),
      net: unique([...net.etcd, ...net.reports]),
      read: unique([...withEtcd.read, ...files.bus]),
    }),
  },
  "endpoint-status-watcher": {
    about: "endpoint status → port status; live migration → Nova",
    module: "roles/endpoint_status_watcher.ts",
    labModule: "lab/endpoint_status_watcher.ts",
    stopGroup: "work",
    sendsSpans: true,
    awaits: ({ openstack: { fromCatalogue } }: Config) =>
      fromCatalogue.neutron || fromCatalogue.nova,
    settings(config: Config) {
      const { openstack, status } = config;
      return { ...watching(config), openstack, status };
    },
    permissions({ withEtcd, net, files, config, writes }: Grants) {
      // Over the bus, a port's data_plane_status goes to Neutron itself.
      const neutron = config.bus ? net.neutron : [];
      return {
        ...withEtcd,
        write: writes("ports"),
        net: unique([...net.etcd, ...net.reports, ...neutron, ...net.keystone, ...net.nova]),
        read: unique([...withEtcd.read, ...files.bus, ...files.openstack]),
      };
    },
  },
  diagnostics: {
    about: "the page",
    module: "roles/diagnostics.ts",
    stopGroup: "page",
    sendsSpans: false,
    awaits: never,
    settings(config: Config) {
      const { nodeName, diagnostics, sync: { startupResync } } = config;
      return { ...common(config), nodeName, diagnostics, sync: { startupResync } };
    },
    permissions: ({ withState, net, files }: Grants) => ({
      ...withState,
      net: net.pageListens,
      read: unique([...withState.read, ...files.pageCert, ...files.pageKey]),
    }),
  },
} as const satisfies Record<string, RoleRow>;

/** The lab: what it does stands in for a cloud, so it is no role of a real one; it starts first. */
export const LAB = {
  about: "etcd and OpenStack in small, without configuration only",
  module: "lab/main.ts",
  stopGroup: "lab",
  sendsSpans: false,
  awaits: never,
  settings(config: Config) {
    const { region, etcd, lab } = config;
    return { ...common(config), region, etcd, lab };
  },
  permissions: ({ withEtcd, net, config }: Grants) => ({
    ...withEtcd,
    net: unique([...net.etcd, `127.0.0.1:${config.lab.openstackPort}`]),
    run: ["sh"],
    sys: [],
  }),
} as const satisfies RoleRow;

/** What a supervisor may start, in that order. */
export const SUPERVISED = { lab: LAB, ...ROLES } as const;

/** Name of a role. */
export type RoleName = keyof typeof ROLES;
/** Name of a role, or the lab. */
export type SupervisedName = keyof typeof SUPERVISED;
/** The settings of one of them. */
export type SettingsOf<Name extends SupervisedName> = ReturnType<
  typeof SUPERVISED[Name]["settings"]
>;

/** Names of the roles, in the order in which they start. */
export const ROLE_NAMES = Object.keys(ROLES) as readonly RoleName[];

/** Its part of the configuration. @param place where this node's processes run */
export function settingsOf<Name extends SupervisedName>(
  name: Name,
  config: Config,
  place: ProcessPlace,
): SettingsOf<Name> {
  return SUPERVISED[name].settings(config, place) as SettingsOf<Name>;
}

/** What this configuration starts, in that order. */
export function supervisedNames(config: Config): SupervisedName[] {
  return config.lab.enabled ? ["lab", ...ROLE_NAMES] : [...ROLE_NAMES];
}
