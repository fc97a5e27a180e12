/**
 * From checked values to the configuration, section by section. Its type follows from this, so that an option
 * has its row in the table and its place here, and no third.
 *
 * @module
 */
import { separated } from "./kinds.ts";
import { buildOpenstack } from "./openstack_config.ts";
import type { QosDirectionOptions } from "../calico/qos.ts";
import type { OptionName } from "./options.ts";
import type { OptionValues } from "./values.ts";

/** The configuration; the values are checked, and complete. */
export function buildConfig(values: OptionValues) {
  const get = values.get.bind(values) as OptionValues["get"];
  return {
    nodeName: get("node_name"),
    /** Absolute path of the directory that holds the node's Deno KV file (and the lab's etcd). */
    stateDir: get("state_dir"),
    /** `openstack_region`, or null. */
    region: get("region"),
    /** How to reach etcd. */
    etcd: {
      /** URLs with scheme, host and port, such as `http://127.0.0.1:2379`; all of one scheme. */
      endpoints: get("etcd"),
      username: get("etcd_username"),
      password: get("etcd_password"),
      /** Paths of PEM files; a CA turns server verification to that CA. */
      caFile: get("etcd_ca_file"),
      certFile: get("etcd_cert_file"),
      keyFile: get("etcd_key_file"),
      /** Deadline of one call, milliseconds. */
      callTimeoutMs: get("etcd_timeout") * 1000,
    },
    election: {
      /** Name in the election value, before the colon. */
      name: get("elector_name"),
      ttlSeconds: get("election_ttl"),
      refreshSeconds: get("election_refresh"),
      marginSeconds: get("election_margin"),
      /** An election key without a lease is never taken over. */
      respectUnleasedKey: get("respect_unleased_key"),
    },
    openstack: buildOpenstack(values),
    /** null: status is not reported. */
    bus: buildBus(values),
    /** null: nobody listens to notifications; changes are found by comparing. */
    notifications: buildNotifications(values),
    sync: buildSync(values),
    compaction: {
      /** 0: etcd is never compacted. */
      periodSeconds: get("compaction_period") * 60,
      /** History that always stays. */
      minRevisions: get("compaction_min_revisions"),
      /** Free share of a member's database from which on it is defragmented, percent; 0: never. */
      defragPercent: get("etcd_defrag"),
    },
    status: {
      /** Writers of port status. */
      portStatusThreads: get("port_status_threads"),
    },
    diagnostics: buildDiagnostics(values),
    lab: buildLab(values),
    log: { level: get("log_level"), format: get("log_format") },
    supervision: {
      /** A role silent for longer is restarted, milliseconds. */
      roleTimeoutMs: get("role_timeout") * 1000,
      /** A role that has not stopped by then gets SIGKILL, milliseconds. */
      stopTimeoutMs: get("stop_timeout") * 1000,
    },
  };
}

function buildSync(values: OptionValues) {
  return {
    startupResync: values.get("startup_resync"),
    resyncIntervalSeconds: values.get("resync_interval"),
    /** Between two looks at ids and revisions; 0: full resyncs only. */
    incrementalIntervalSeconds: values.get("incremental_interval"),
    resyncMaxIntervalSeconds: values.get("resync_max_interval"),
    /** Share of one API worker's time that comparing takes while notifications are heard, per cent; 0: by intervals. */
    neutronBudgetPercent: values.get("neutron_budget"),
    /** Of so many rounds of comparing one reads whole objects and etcd. */
    fullRounds: values.get("full_rounds"),
    /**
     * When one comparison would delete more objects of a collection, none of that collection is; null: more
     * than 50, and more than half of those that etcd holds.
     */
    maxDeletions: values.get("max_deletions"),
    /** Networks in CIDR notation within which an allowed address pair may be a network. */
    addressPairNetworks: values.get("address_pair_networks") ?? [],
    qos: { ingress: buildQos(values, "ingress"), egress: buildQos(values, "egress") },
  };
}

function buildQos(values: OptionValues, direction: "ingress" | "egress"): QosDirectionOptions {
  return {
    burstBits: values.get(`${direction}_burst_bits`),
    minburstBytes: values.get(`${direction}_minburst_bytes`),
    burstPackets: values.get(`${direction}_burst_packets`),
    maxConnections: values.get(`max_${direction}_connections_per_port`),
  };
}

function buildDiagnostics(values: OptionValues) {
  const cert = values.get("listen_tls_cert");
  const key = values.get("listen_tls_key");
  return {
    ...values.get("listen"),
    /** Bearer token of the API's actions; null: they are taken from this machine only. */
    apiToken: values.get("api_token"),
    /** PEM files of the page's certificate and key; null: plain HTTP. */
    tls: cert === null || key === null ? null : { cert, key },
    /** Names, each with or without a port, that may stand in the Host header. */
    allowedHosts: values.get("allowed_hosts") ?? [],
    /** Requests per second of one client; 0: any. */
    requestRate: values.get("request_rate"),
  };
}

function buildLab(values: OptionValues) {
  const speed = values.get("lab_speed");
  const openstackPort = values.get("lab_openstack_port");
  const inLab = values.get("lab") !== "off";
  return {
    /** The lab's own process runs here. */
    enabled: values.get("lab") === "on",
    /** Where status is reported instead of Neutron's message bus; null: this node is in no lab. */
    reportUrl: inLab ? `http://127.0.0.1:${openstackPort}/lab/v1` : null,
    ports: values.get("lab_ports"),
    hosts: values.get("lab_hosts"),
    seed: values.get("lab_seed"),
    /** Milliseconds between two things that happen; 0: nothing happens by itself. */
    eventIntervalMs: values.get("lab_event_interval") * 1000 / speed,
    /** How many times faster than in life agents report; the events' interval has it already. */
    speed,
    etcdPort: values.get("lab_etcd_port"),
    openstackPort,
  };
}

function buildNotifications(values: OptionValues) {
  /** Their topics; the routing key is `<topic>.info`. */
  const topics = separated(values.get("notification_topics")).filter((topic) => topic !== "");
  if (topics.length === 0 || topics.join() === "none") return null;
  const bus = buildBrokers(
    values.has("notification_url") ? "notification_url" : "transport_url",
    values,
  );
  return bus && { bus, topics };
}

function buildBus(values: OptionValues) {
  const brokers = buildBrokers("transport_url", values);
  /** Time that the answer to a call may take, milliseconds. */
  const rpcTimeoutMs = values.get("rpc_timeout") * 1000;
  return brokers && { ...brokers, rpcTimeoutMs };
}

function buildBrokers(name: "transport_url" | "notification_url", values: OptionValues) {
  const transport = values.get(name);
  if (transport === null) return null;
  const { hosts, virtualHost, query = {} } = transport;
  // The URL's own word counts, unless the option comes from a place that counts more than the URL's.
  const isOver = (option: OptionName) => values.entry(option).level < values.entry(name).level;
  const fileOf = (option: "bus_ca_file" | "bus_cert_file" | "bus_key_file", given?: string) =>
    isOver(option) ? values.get(option) : given ?? values.get(option);
  return {
    hosts,
    virtualHost,
    tls: isOver("bus_tls") ? values.get("bus_tls") : query.tls ?? values.get("bus_tls"),
    /** PEM files. */
    caFile: fileOf("bus_ca_file", query.caFile),
    certFile: fileOf("bus_cert_file", query.certFile),
    keyFile: fileOf("bus_key_file", query.keyFile),
    /** Neutron's control exchange. */
    exchange: values.get("control_exchange"),
  };
}
