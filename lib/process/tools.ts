/**
 * The one-shot tools: processes that are told one thing, answer one thing and end; `tool.ts` runs them.
 * To add one: its row here and its entry file, which calls `runTool` of `lib/role/run_tool.ts`.
 *
 * @module
 */
import { type Grants, GRPC_ENVIRONMENT, NOTHING, type PermissionRow, unique } from "./grants.ts";

/** What is known of a tool. */
export interface ToolRow {
  /** Path of its entry file below the root. */
  readonly module: string;
  /** What its process may do. */
  permissions(grants: Grants): PermissionRow;
}

/** All tools. */
export const TOOLS = {
  "name-lookup": {
    module: "roles/name_lookup.ts",
    // A bare name is what looking it up needs; connecting to it would need its port as well.
    permissions: ({ net }) => ({ ...NOTHING, net: net.unknownNames }),
  },
  "endpoint-lookup": {
    module: "roles/endpoint_lookup.ts",
    permissions: ({ net, files }) => ({
      ...NOTHING,
      net: net.keystone,
      read: unique(files.openstack),
    }),
  },
  "page-reader": {
    module: "roles/page_reader.ts",
    permissions: ({ net, files }) => ({ ...NOTHING, net: net.pageReached, read: files.pageCert }),
  },
  doctor: {
    module: "roles/doctor.ts",
    permissions: ({ withEtcd, net, files, config }) => ({
      ...withEtcd,
      write: [config.stateDir], // it tries whether files can be made there
      net: unique([
        ...net.etcd,
        ...net.etcdHttp,
        ...net.keystone,
        ...net.neutron,
        ...net.nova,
        ...net.bus,
        ...net.notifications,
      ]),
      read: unique([
        ...withEtcd.read,
        ...files.openstack,
        ...files.bus,
        ...files.notifications,
        ...files.pageCert,
        ...files.pageKey,
      ]),
      sys: ["statfs"],
    }),
  },
  "dry-run": {
    module: "roles/dry_run.ts",
    // No state directory, and nothing that can be written.
    permissions: ({ net, files }) => ({
      ...NOTHING,
      net: unique([...net.etcd, ...net.neutron, ...net.keystone]),
      read: unique([...files.proto, ...files.etcd, ...files.openstack]),
      env: GRPC_ENVIRONMENT,
    }),
  },
  trace: {
    module: "roles/trace.ts",
    // As a dry run: it reads the same and writes nothing.
    permissions: ({ net, files }) => ({
      ...NOTHING,
      net: unique([...net.etcd, ...net.neutron, ...net.keystone]),
      read: unique([...files.proto, ...files.etcd, ...files.openstack]),
      env: GRPC_ENVIRONMENT,
    }),
  },
} as const satisfies Record<string, ToolRow>;

/** Name of a tool. */
export type ToolName = keyof typeof TOOLS;

/** Names of the tools. */
export const TOOL_NAMES = Object.keys(TOOLS) as readonly ToolName[];
