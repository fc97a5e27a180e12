/** A complete configuration for tests. @module */
import { DEFAULT_QOS } from "../../lib/calico/qos.ts";
import type { Config } from "../../lib/config/config_types.ts";

/** Defaults close to production's; `changes` replaces whole sections. */
export function testConfig(changes: Partial<Config> = {}): Config {
  return {
    nodeName: "node-1",
    stateDir: "/nonexistent",
    region: null,
    etcd: {
      endpoints: ["http://127.0.0.1:2379"],
      username: null,
      password: null,
      caFile: null,
      certFile: null,
      keyFile: null,
      callTimeoutMs: 2000,
    },
    election: {
      name: "node-1",
      ttlSeconds: 15,
      refreshSeconds: 5,
      marginSeconds: 2,
      respectUnleasedKey: false,
    },
    openstack: {
      neutronUrl: "http://127.0.0.1:9696",
      novaUrl: "http://127.0.0.1:8774/v2.1",
      authUrl: "http://127.0.0.1:5000/v3",
      fromCatalogue: { neutron: false, nova: false },
      credential: {
        method: "password",
        user: { name: "u", domain: { name: "Default" } },
        password: "very-secret",
        project: { name: "p", domain: { name: "Default" } },
      },
      regionName: null,
      interface: "internal",
      caFile: null,
      certFile: null,
      keyFile: null,
      requestTimeoutMs: 5000,
      pageSize: 500,
    },
    bus: null,
    notifications: null,
    sync: {
      startupResync: "always",
      resyncIntervalSeconds: 60,
      incrementalIntervalSeconds: 10,
      resyncMaxIntervalSeconds: 3600,
      neutronBudgetPercent: 5,
      fullRounds: 10,
      maxDeletions: null,
      addressPairNetworks: [],
      qos: DEFAULT_QOS,
    },
    compaction: { periodSeconds: 3600, minRevisions: 1000, defragPercent: 0 },
    status: { portStatusThreads: 4 },
    diagnostics: {
      host: "127.0.0.1",
      port: 9797,
      apiToken: null,
      tls: null,
      allowedHosts: [],
      requestRate: 100,
    },
    lab: {
      enabled: false,
      reportUrl: null,
      ports: 20,
      hosts: 2,
      seed: 1,
      eventIntervalMs: 0,
      speed: 1,
      etcdPort: 12379,
      openstackPort: 9696,
    },
    log: { level: "info", format: "json" },
    supervision: { roleTimeoutMs: 10_000, stopTimeoutMs: 2000 },
    ...changes,
  };
}
