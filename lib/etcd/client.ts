/**
 * Opens etcd with what npm:etcd3 leaves out: a deadline on every call, no limit on message size
 * (etcd packs up to 1,000 revisions into one watch message, and grpc-js would end the stream at
 * 4 MiB), TLS from files, calls that go on to the next member, connections that end in order.
 *
 * Revisions are decimal strings as etcd3 returns them; compare them as `BigInt`.
 *
 * @module
 */
import { noop } from "cockatiel";
import { Etcd3, type IOptions, type ITxnRequest, type ITxnResponse } from "etcd3";
import type { EtcdConfig } from "../config/config_types.ts";
import type { Meter } from "../metrics/meter.ts";
import { filterFrames } from "./frame_filter.ts";
import { User } from "./login.ts";
import { Member } from "./member.ts";
import { closeAll, Members, register } from "./members.ts";
import { type CallOptions, type Connection, poolOf } from "./pool.ts";
import { Refusals } from "./refusal.ts";
import { RepeatedCall } from "./repeated_call.ts";
import { timed } from "./timed_calls.ts";
import { EtcdTls } from "./tls.ts";
import { outcomeOf } from "./transaction_outcome.ts";

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

/** Methods that fail, or do more than was asked for, when they are called twice. */
const ONCE = new Set(["compact", "defragment", "memberAdd", "memberRemove", "moveLeader"]);

/**
 * A client for that configuration; close it with `close()`. No connection is made before the first
 * call. With TLS files named, they are read at once, and again when they have changed.
 *
 * A call is made to one member after the other (`repeated_call.ts`); whether a transaction that was sent twice
 * has happened is found out (`transaction_outcome.ts`). A stream that etcd3 opens itself stays with one member.
 *
 * @throws {Error} a TLS file is missing or unfit.
 * @throws {TypeError} etcd3 or grpc-js are of a version that cannot be used.
 */
export function openEtcd(config: EtcdConfig, meter?: Meter): Etcd3 {
  const tls = config.caFile === null ? null : new EtcdTls(config);
  const options = optionsOf(config, tls, meter);
  const user = userOf(config);
  const members = new Members(
    config.endpoints.map((url) => {
      const etcd = new Etcd3({ ...options, hosts: [url] });
      filterFrames(etcd, tls?.follow.bind(tls));
      return new Member(url, etcd, user);
    }),
    meter,
  );
  const etcd = new Etcd3({ ...options, hosts: [...config.endpoints] });
  register(etcd, members);
  const refusals = new Refusals(config, members);
  const exec = async <T>(
    service: string,
    method: string,
    payload: unknown,
    options: CallOptions = {},
  ): Promise<T> => {
    const deadline = Number(options.deadline ?? Date.now() + config.callTimeoutMs);
    const call = new RepeatedCall<T>(
      members,
      (member, deadline) => member.exec(service, method, payload, { ...options, deadline }),
      deadline,
      ONCE.has(method),
    );
    const answer = await call.run().catch(async (error) => {
      throw await refusals.explain(error, method, payload, deadline);
    });
    if (method !== "txn" || call.sent === 1 || (answer as ITxnResponse).succeeded) return answer;
    const again = (request: ITxnRequest) => exec<ITxnResponse>(service, method, request, options);
    return await outcomeOf(payload as ITxnRequest, answer as ITxnResponse, again) as T;
  };
  Object.assign(poolOf(etcd), {
    exec,
    withConnection: <T>(service: string, act: (connection: Connection) => Promise<T>) =>
      poolOf(members.choose()!.etcd).withConnection(service, act),
    close: () => closeAll(members),
  });
  return etcd;
}

function optionsOf(
  config: EtcdConfig,
  tls: EtcdTls | null,
  meter?: Meter,
): Omit<IOptions, "hosts"> {
  const options: Omit<IOptions, "hosts"> = {
    dialTimeout: config.callTimeoutMs,
    grpcOptions: {
      "grpc.max_receive_message_length": -1,
      "grpc.initial_reconnect_backoff_ms": 100,
      "grpc.max_reconnect_backoff_ms": 1000,
      // It would ask the name servers for a TXT record that no etcd has, and need the permission to.
      "grpc.service_config_disable_resolution": 1,
      ...(meter ? { interceptors: [timed(meter)] } : {}),
    },
    // Its circuit breaker would refuse every call for 5 s after three failures; which member is asked is
    // decided here.
    faultHandling: { host: () => noop, global: noop },
    defaultCallOptions: (context) =>
      context.isStream ? {} : { deadline: Date.now() + config.callTimeoutMs },
  };
  if (tls) options.credentials = tls.credentials();
  return options;
}

function userOf({ username, password, callTimeoutMs }: EtcdConfig): User | null {
  return username ? new User(username, password ?? "", callTimeoutMs) : null;
}
