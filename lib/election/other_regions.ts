/** Nodes that have registered under another region string than this node. @module */
import { Buffer } from "node:buffer";
import { type Etcd3, EtcdPermissionDeniedError } from "etcd3";
import type { Clock } from "../base/clock.ts";
import { parseJson } from "../base/json.ts";
import { conductorPrefix, REGIONS_PREFIX } from "../calico/keys.ts";
import { prefixEnd } from "../etcd/snapshot.ts";
import { type Registration, registrationSchema } from "../state/records.ts";

const MAX_KEYS = 5000;
const MAX_NODES = 20;
/** Between two looks, ms: it is no news that is waited for. */
const LOOK_MS = 60_000;

/** Looks for them below all regions, where etcd lets this node's user read that. */
export class OtherRegions {
  /** A user who may read its own region alone does not ask again. */
  #refused = false;
  #known: Registration[] = [];
  /** When it was looked last, monotonic ms. */
  #lookedAt = -Infinity;

  constructor(
    readonly etcd: Etcd3,
    readonly region: string | null,
    readonly clock: Pick<Clock, "monotonic">,
  ) {}

  /** Those that can be read, as of the last minute. @throws when etcd does not answer. */
  async read(): Promise<readonly Registration[]> {
    const now = this.clock.monotonic();
    if (this.#refused || now - this.#lookedAt < LOOK_MS) return this.#known;
    try {
      const nodes = await Promise.all((await this.#keys()).map((key) => this.etcd.get(key)));
      this.#known = nodes.flatMap((text) => {
        const parsed = registrationSchema.safeParse(parseJson(text ?? ""));
        return parsed.success ? [parsed.data] : [];
      });
      this.#lookedAt = now;
    } catch (error) {
      if (!isRefused(error)) throw error;
      this.#refused = true;
      this.#known = [];
    }
    return this.#known;
  }

  async #keys(): Promise<string[]> {
    const { kvs } = await this.etcd.kv.range({
      key: Buffer.from(REGIONS_PREFIX),
      range_end: prefixEnd(REGIONS_PREFIX),
      keys_only: true,
      limit: MAX_KEYS,
    });
    const own = conductorPrefix(this.region);
    return kvs.map(({ key }) => key.toString())
      .filter((key) => /^[^/]+\/conductor\/nodes\//.test(key.slice(REGIONS_PREFIX.length)))
      .filter((key) => !key.startsWith(own)).slice(0, MAX_NODES);
  }
}

function isRefused(error: unknown): boolean {
  return error instanceof EtcdPermissionDeniedError ||
    (error instanceof Error && error.cause !== undefined && isRefused(error.cause));
}
