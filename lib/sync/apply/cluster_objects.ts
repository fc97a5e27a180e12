/**
 * Felix's cluster-wide configuration as it should be (data model): what is there is only ever added to.
 * Pure.
 *
 * @module
 */
import { parseJsonObject } from "../../base/json.ts";
import { CLUSTER_INFORMATION_KEY, FELIX_CONFIGURATION_KEY } from "../../calico/keys.ts";
import { sameJson } from "../../calico/same_json.ts";

type Json = Record<string, unknown>;

/** One object. */
export interface ClusterObject {
  readonly key: string;
  readonly kind: string;
  /** The specification with what has to be in it. */
  complete(spec: Json): Json;
}

/** All of them. */
export const CLUSTER_OBJECTS: readonly ClusterObject[] = [
  {
    key: CLUSTER_INFORMATION_KEY,
    kind: "ClusterInformation",
    complete: (spec) => ({
      ...spec,
      clusterGUID: textIn(spec.clusterGUID) ?? crypto.randomUUID().replaceAll("-", ""),
      clusterType: withWord(spec.clusterType, "openstack"),
      datastoreReady: typeof spec.datastoreReady === "boolean" ? spec.datastoreReady : true,
    }),
  },
  {
    key: FELIX_CONFIGURATION_KEY,
    kind: "FelixConfiguration",
    complete: (spec) => ({
      ...spec,
      endpointReportingEnabled: true,
      interfacePrefix: withWord(spec.interfacePrefix, "tap"),
    }),
  },
];

function withWord(list: unknown, word: string): string {
  const words = typeof list === "string" ? list.split(",").filter((w) => w !== "") : [];
  return words.includes(word) ? words.join(",") : [...words, word].join(",");
}

/**
 * The value that completes what is stored; null: it is complete.
 *
 * @param text what etcd holds, "" without the key
 * @param now RFC 3339, UTC, whole seconds
 * @throws {RangeError} it is nested too deeply to be written again.
 */
export function completed(
  { kind, complete }: ClusterObject,
  text: string,
  now: string,
): string | null {
  const stored: Json = parseJsonObject(text) ?? {};
  const wanted = {
    ...stored,
    kind,
    apiVersion: "projectcalico.org/v3",
    metadata: objectIn(stored.metadata) ??
      { name: "default", uid: crypto.randomUUID(), creationTimestamp: now },
    spec: complete(objectIn(stored.spec) ?? {}),
  };
  return sameJson(wanted, stored) ? null : JSON.stringify(wanted);
}

/** Null: it is no object, such as a list, and holds no settings. */
function objectIn(value: unknown): Json | null {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject ? value as Json : null;
}

/** Null: it is none, or empty. */
function textIn(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
