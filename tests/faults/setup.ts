/** What a node's processes are told, and the clock that the suite can step. @module */
import { type Clock, systemClock } from "../../lib/base/clock.ts";
import type { Config } from "../../lib/config/config_types.ts";
import { testConfig } from "../support/test_config.ts";

/** How clients reach etcd. */
export type Access = Pick<Config["etcd"], "caFile" | "username" | "password"> & {
  readonly scheme: "http" | "https";
};

/** Without TLS and users. */
export const OPEN: Access = { scheme: "http", caFile: null, username: null, password: null };

/** Arguments of a node's process, as JSON. */
export interface Setup {
  readonly node: string;
  /** The node's state directory, with the file `clock` and the file `claims`. */
  readonly dir: string;
  /** Ports of etcd's members, as this node reaches them. */
  readonly ports: readonly number[];
  readonly access: Access;
  /** May be negative, to break the election on purpose. */
  readonly marginSeconds: number;
  /** Writes carry the term's fence; false breaks it on purpose. */
  readonly fenced: boolean;
}

/** Short, so that many elections fit into a run. */
export const TTL_SECONDS = 5;
/** Keys that the writers append. */
export const REGISTER = "/register/";

/** This process's setup. */
export function readSetup(): Setup {
  return JSON.parse(Deno.args[0]!);
}

/** The configuration of a node in the suite. */
export function nodeConfig({ node, ports, access, marginSeconds }: Setup): Config {
  const base = testConfig();
  return {
    ...base,
    nodeName: node,
    etcd: etcdConfig(ports, access),
    election: {
      ...base.election,
      name: node,
      ttlSeconds: TTL_SECONDS,
      refreshSeconds: 1,
      marginSeconds,
    },
  };
}

/** Of the suite's clients. */
export function etcdConfig(
  ports: readonly number[],
  { scheme, ...access }: Access,
): Config["etcd"] {
  const endpoints = ports.map((port) => `${scheme}://127.0.0.1:${port}`);
  return { ...testConfig().etcd, ...access, endpoints };
}

/** The machine's clock, stepped by what the file `clock` says, ms: all processes of a node see it at once. */
export function steppedClock(dir: string): Clock {
  return {
    ...systemClock,
    now: () => Date.now() + Number(Deno.readTextFileSync(`${dir}/clock`)),
  };
}
