/** From checked values to the configuration, section by section. @module */
import type { BrokersConfig, BusConfig, Config, NotificationsConfig } from "./config_types.ts";
import { buildOpenstack } from "./openstack_config.ts";
import type { Transport } from "./transport_url.ts";
import type { OptionValues } from "./values.ts";

/** The configuration; the values are checked, and complete. */
export function buildConfig(values: OptionValues): Config {
  const get = values.get.bind(values) as OptionValues["get"];
  return {
    nodeName: get("node_name"),
    stateDir: get("state_dir"),
    region: get("region"),
    etcd: {
      endpoints: get("etcd"),
      username: get("etcd_username"),
      password: get("etcd_password"),
      caFile: get("etcd_ca_file"),
      certFile: get("etcd_cert_file"),
      keyFile: get("etcd_key_file"),
      callTimeoutMs: get("etcd_timeout") * 1000,
    },
    election: {
      name: get("elector_name"),
      ttlSeconds: get("election_ttl"),
      refreshSeconds: get("election_refresh"),
      marginSeconds: get("election_margin"),
      respectUnleasedKey: get("respect_unleased_key"),
    },
    openstack: buildOpenstack(values),
    bus: buildBus(values),
    notifications: buildNotifications(values),
    sync: buildSync(values),
    compaction: {
      periodSeconds: get("compaction_period") * 60,
      minRevisions: get("compaction_min_revisions"),
    },
    status: { portStatusThreads: get("port_status_threads") },
    diagnostics: buildDiagnostics(values),
    lab: buildLab(values),
    log: { level: get("log_level"), format: get("log_format") },
    supervision: {
      roleTimeoutMs: get("role_timeout") * 1000,
      stopTimeoutMs: get("stop_timeout") * 1000,
    },
  };
}

function buildSync(values: OptionValues): Config["sync"] {
  return {
    startupResync: values.get("startup_resync"),
    resyncIntervalSeconds: values.get("resync_interval"),
    incrementalIntervalSeconds: values.get("incremental_interval"),
    resyncMaxIntervalSeconds: values.get("resync_max_interval"),
    maxDeletions: values.get("max_deletions"),
    addressPairNetworks: values.get("address_pair_networks") ?? [],
    qos: { ingress: buildQos(values, "ingress"), egress: buildQos(values, "egress") },
  };
}

function buildQos(
  values: OptionValues,
  direction: "ingress" | "egress",
): Config["sync"]["qos"]["ingress"] {
  return {
    burstBits: values.get(`${direction}_burst_bits`),
    minburstBytes: values.get(`${direction}_minburst_bytes`),
    burstPackets: values.get(`${direction}_burst_packets`),
    maxConnections: values.get(`max_${direction}_connections_per_port`),
  };
}

function buildDiagnostics(values: OptionValues): Config["diagnostics"] {
  const cert = values.get("listen_tls_cert");
  const key = values.get("listen_tls_key");
  return {
    ...values.get("listen"),
    apiToken: values.get("api_token"),
    tls: cert === null || key === null ? null : { cert, key },
    allowedHosts: values.get("allowed_hosts") ?? [],
    requestRate: values.get("request_rate"),
  };
}

function buildLab(values: OptionValues): Config["lab"] {
  const speed = values.get("lab_speed");
  const openstackPort = values.get("lab_openstack_port");
  const inLab = values.get("lab") !== "off";
  return {
    enabled: values.get("lab") === "on",
    reportUrl: inLab ? `http://127.0.0.1:${openstackPort}/lab/v1` : null,
    ports: values.get("lab_ports"),
    hosts: values.get("lab_hosts"),
    seed: values.get("lab_seed"),
    eventIntervalMs: values.get("lab_event_interval") * 1000 / speed,
    speed,
    etcdPort: values.get("lab_etcd_port"),
    openstackPort,
  };
}

function buildNotifications(values: OptionValues): NotificationsConfig | null {
  const topics = values.get("notification_topics").split(",").map((topic) => topic.trim())
    .filter((topic) => topic !== "");
  if (topics.length === 0 || topics.join() === "none") return null;
  const bus = buildBrokers(values.get("notification_url") ?? values.get("transport_url"), values);
  return bus && { bus, topics };
}

function buildBus(values: OptionValues): BusConfig | null {
  const brokers = buildBrokers(values.get("transport_url"), values);
  return brokers && { ...brokers, rpcTimeoutMs: values.get("rpc_timeout") * 1000 };
}

function buildBrokers(transport: Transport | null, values: OptionValues): BrokersConfig | null {
  if (transport === null) return null;
  const { hosts, virtualHost, tls } = transport;
  return {
    hosts,
    virtualHost,
    tls: tls || values.get("bus_tls"),
    caFile: values.get("bus_ca_file"),
    certFile: values.get("bus_cert_file"),
    keyFile: values.get("bus_key_file"),
    exchange: values.get("control_exchange"),
  };
}
