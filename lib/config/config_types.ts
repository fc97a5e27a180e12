/**
 * The configuration as the rest of the program sees it: complete, validated and frozen. Only
 * `lib/config/build.ts` makes one; roles receive theirs from the supervisor on standard input, because it
 * holds secrets.
 *
 * @module
 */
import type { QosOptions } from "../calico/qos.ts";
import type { BusHost } from "./transport_url.ts";
import type { OpenstackConfig } from "../openstack/config.ts";
import type { LogFormat, LogLevelOption } from "../base/log.ts";

export type { OpenstackConfig };

/** How to reach etcd. */
export interface EtcdConfig {
  /** URLs with scheme, host and port, such as `http://127.0.0.1:2379`; all of one scheme. */
  readonly endpoints: readonly string[];
  readonly username: string | null;
  readonly password: string | null;
  /** Paths of PEM files; a CA turns server verification to that CA. */
  readonly caFile: string | null;
  readonly certFile: string | null;
  readonly keyFile: string | null;
  /** Deadline of one call, milliseconds. */
  readonly callTimeoutMs: number;
}

/** How to reach a message bus. */
export interface BrokersConfig {
  readonly hosts: readonly BusHost[];
  readonly virtualHost: string;
  readonly tls: boolean;
  /** PEM files. */
  readonly caFile: string | null;
  readonly certFile: string | null;
  readonly keyFile: string | null;
  /** Neutron's control exchange. */
  readonly exchange: string;
}

/** How to reach Neutron's RPC on the message bus. */
export interface BusConfig extends BrokersConfig {
  /** Time that the answer to a call may take, milliseconds. */
  readonly rpcTimeoutMs: number;
}

/** Where Neutron's notifications are. */
export interface NotificationsConfig {
  readonly bus: BrokersConfig;
  /** Their topics; the routing key is `<topic>.info`. */
  readonly topics: readonly string[];
}

/** The complete configuration. */
export interface Config {
  readonly nodeName: string;
  /** Absolute path of the directory that holds the node's Deno KV file (and the lab's etcd). */
  readonly stateDir: string;
  /** `openstack_region`, or null. */
  readonly region: string | null;
  readonly etcd: EtcdConfig;
  readonly election: {
    /** Name in the election value, before the colon. */
    readonly name: string;
    readonly ttlSeconds: number;
    readonly refreshSeconds: number;
    readonly marginSeconds: number;
    /** An election key without a lease is never taken over. */
    readonly respectUnleasedKey: boolean;
  };
  readonly openstack: OpenstackConfig;
  /** null: status reports go over HTTP. */
  readonly bus: BusConfig | null;
  /** null: nobody listens to notifications; changes are found by comparing. */
  readonly notifications: NotificationsConfig | null;
  readonly sync: {
    readonly startupResync: "always" | "never";
    readonly resyncIntervalSeconds: number;
    /** Between two looks at ids and revisions; 0: full resyncs only. */
    readonly incrementalIntervalSeconds: number;
    readonly resyncMaxIntervalSeconds: number;
    /**
     * When one comparison would delete more objects of a collection, none of that collection is; null: more
     * than 50, and more than half of those that etcd holds.
     */
    readonly maxDeletions: number | null;
    /** Networks in CIDR notation within which an allowed address pair may be a network. */
    readonly addressPairNetworks: readonly string[];
    readonly qos: QosOptions;
  };
  readonly compaction: {
    /** 0: etcd is never compacted. */
    readonly periodSeconds: number;
    /** History that always stays. */
    readonly minRevisions: number;
  };
  readonly status: {
    /** Writers of port status. */
    readonly portStatusThreads: number;
  };
  readonly diagnostics: {
    readonly host: string;
    readonly port: number;
    /** Bearer token of the API's actions; null: they are taken from loopback only. */
    readonly apiToken: string | null;
    /** PEM files of the page's certificate and key; null: plain HTTP. */
    readonly tls: { readonly cert: string; readonly key: string } | null;
    /** Names, each with or without a port, that may stand in the Host header. */
    readonly allowedHosts: readonly string[];
    /** Requests per second of one client; 0: any. */
    readonly requestRate: number;
  };
  readonly lab: {
    /** The lab's own process runs here. */
    readonly enabled: boolean;
    /** Where status is reported instead of Neutron's message bus; null: this node is in no lab. */
    readonly reportUrl: string | null;
    readonly ports: number;
    readonly hosts: number;
    readonly seed: number;
    /** Milliseconds between two things that happen; 0: nothing happens by itself. */
    readonly eventIntervalMs: number;
    /** How many times faster than in life agents report; the events' interval has it already. */
    readonly speed: number;
    readonly etcdPort: number;
    readonly openstackPort: number;
  };
  readonly log: { readonly level: LogLevelOption; readonly format: LogFormat };
  readonly supervision: {
    /** A role silent for longer is restarted, milliseconds. */
    readonly roleTimeoutMs: number;
    /** A role that has not stopped by then gets SIGKILL, milliseconds. */
    readonly stopTimeoutMs: number;
  };
}
