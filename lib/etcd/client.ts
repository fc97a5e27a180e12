/**
 * Opens etcd with what npm:etcd3 leaves out: a deadline on every call, no limit on message size
 * (etcd packs up to 1,000 revisions into one watch message, and grpc-js would end the stream at
 * 4 MiB), TLS from files.
 *
 * Revisions are decimal strings as etcd3 returns them; compare them as `BigInt`.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { noop } from "cockatiel";
import { Etcd3, type IOptions } from "etcd3";
import type { EtcdConfig } from "../config/config_types.ts";
import type { Meter } from "../metrics/meter.ts";
import { timed } from "./timed_calls.ts";

/** A compare-and-swap of a master-only job found another term: this process is no longer master. */
export class FenceLostError extends Error {
  override readonly name = "FenceLostError";
  /** @param term create revision, decimal. @param id the value */
  constructor(readonly term: string, id: string) {
    super(
      `the election key no longer has create revision ${term} and value ${id}: another node leads`,
    );
  }
}

/** The revision asked for was compacted: read a snapshot again. */
export class CompactedError extends Error {
  override readonly name = "CompactedError";
}

/**
 * A client for that configuration; close it with `close()`. No connection is made before the first
 * call. With TLS files named, they are read at once.
 *
 * @throws {Deno.errors.NotFound} a TLS file is missing.
 */
export function openEtcd(config: EtcdConfig, meter?: Meter): Etcd3 {
  const options: IOptions = {
    hosts: [...config.endpoints],
    dialTimeout: config.callTimeoutMs,
    grpcOptions: {
      "grpc.max_receive_message_length": -1,
      "grpc.initial_reconnect_backoff_ms": 100,
      "grpc.max_reconnect_backoff_ms": 1000,
      // It would ask the name servers for a TXT record that no etcd has, and need the permission to.
      "grpc.service_config_disable_resolution": 1,
      ...(meter ? { interceptors: [timed(meter)] } : {}),
    },
    // Its circuit breaker would refuse every call for 5 s after three failures; who calls waits by
    // rules of its own.
    faultHandling: { host: () => noop, global: noop },
    defaultCallOptions: (context) =>
      context.isStream ? {} : { deadline: Date.now() + config.callTimeoutMs },
  };
  if (config.caFile) {
    options.credentials = {
      rootCertificate: readPem(config.caFile),
      ...(config.certFile && config.keyFile
        ? { certChain: readPem(config.certFile), privateKey: readPem(config.keyFile) }
        : {}),
    };
  }
  if (config.username) {
    options.auth = { username: config.username, password: config.password ?? "" };
  }
  return new Etcd3(options);
}

function readPem(path: string): Buffer {
  return Buffer.from(Deno.readFileSync(path));
}
