/**
 * What the nodes of a cloud compare of their configurations: a digest of each section. They are in etcd, where others
 * may read them, so nothing secret is in them, in no form: a digest of a password could be guessed. Left out as well
 * is what is a host's own: where it listens, its directory, the files of certificates, names, how it reaches etcd.
 * Pure.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { withoutUserInfo } from "../base/user_info.ts";
import type { BrokersConfig, Config } from "./config_types.ts";
import { isLoopback } from "./page_url.ts";

/** Of a section that is not configured. */
export const NO_SECTION = "none";

/** What a node says of its configuration. */
export interface ConfigurationDigests {
  readonly region: string | null;
  /** Which Neutron it serves, as a digest; null: it is named by an address that means another one on another host. */
  readonly cloud: string | null;
  /** By name of the section: 16 hexadecimal digits, or {@linkcode NO_SECTION}. */
  readonly sections: Readonly<Record<string, string>>;
}

/** The digests of a configuration. */
export function configurationDigests(config: Config): ConfigurationDigests {
  const sections = Object.entries(sectionsOf(config))
    .map(([name, section]) => [name, section === null ? NO_SECTION : digestOf(section)]);
  const cloud = cloudOf(config);
  return {
    region: config.region,
    cloud: cloud && digestOf(cloud),
    sections: Object.fromEntries(sections),
  };
}

function digestOf(section: object): string {
  return createHash("sha256").update(JSON.stringify(ordered(section))).digest("hex").slice(0, 16);
}

/** The same with the fields of objects in one order. */
function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([name, each]) => [name, ordered(each)]);
  return Object.fromEntries(entries.toSorted(([a], [b]) => String(a) < String(b) ? -1 : 1));
}

/** What is compared; null: it is not configured. */
function sectionsOf(config: Config): Record<string, object | null> {
  const { openstack, bus, notifications, sync, compaction, status } = config;
  const { ttlSeconds, refreshSeconds, marginSeconds, respectUnleasedKey } = config.election;
  const { neutronUrl, novaUrl, fromCatalogue, requestTimeoutMs, pageSize, neutronParallel } =
    openstack;
  const nova = fromCatalogue.nova ? "catalogue" : novaUrl;
  return {
    election: { ttlSeconds, refreshSeconds, marginSeconds, respectUnleasedKey },
    keystone: keystoneOf(config),
    neutron: {
      url: fromCatalogue.neutron ? "catalogue" : withoutUserInfo(neutronUrl),
      requestTimeoutMs,
      pageSize,
      neutronParallel,
    },
    nova: nova === null ? null : { url: withoutUserInfo(nova) },
    bus: bus && { ...brokersOf(bus), rpcTimeoutMs: bus.rpcTimeoutMs },
    notifications: notifications &&
      { ...brokersOf(notifications.bus), topics: notifications.topics.toSorted() },
    sync,
    compaction,
    status,
  };
}

function cloudOf({ openstack }: Config): object | null {
  const { authUrl, regionName, neutronUrl, fromCatalogue } = openstack;
  const url = fromCatalogue.neutron ? authUrl : neutronUrl;
  if (url === null || !URL.canParse(url) || isLoopback(new URL(url).hostname)) return null;
  return { url: withoutUserInfo(url), regionName };
}

/** How it logs in, without the secret; whose an application credential is, only Keystone knows. */
function keystoneOf({ openstack }: Config): object | null {
  const { authUrl, credential, regionName, interface: of } = openstack;
  if (authUrl === null || credential === null) return null;
  const { method } = credential;
  const login = method === "password"
    ? { user: credential.user, project: credential.project }
    : method === "token"
    ? { project: credential.project }
    : {};
  return { authUrl: withoutUserInfo(authUrl), method, ...login, regionName, interface: of };
}

/** Each host may have a user of its own, and name the brokers in its own order. */
function brokersOf({ hosts, virtualHost, tls, exchange }: BrokersConfig): object {
  const places = hosts.map(({ host, port }) => `${host}:${port}`).toSorted();
  return { hosts: places, virtualHost, tls, exchange };
}
