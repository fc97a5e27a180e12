/** How long calls to etcd take, by method and outcome; streams are left out, as they never end. @module */
import type { Meter } from "../metrics/meter.ts";

/**
 * The part of grpc-js's client interceptors that is used; etcd3 does not re-export their types.
 * See grpc-js, `client-interceptors.ts`.
 */
interface MethodDefinition {
  /** `/etcdserverpb.KV/Range` */
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
}
interface Status {
  readonly code: number;
}
interface Listener {
  onReceiveMetadata(metadata: unknown): void;
  onReceiveMessage(message: unknown): void;
  onReceiveStatus(status: Status): void;
}
interface Call {
  start(metadata: unknown, listener: Listener): void;
}
type NextCall = (options: CallOptions) => Call;
interface CallOptions {
  readonly method_definition: MethodDefinition;
}

/** Names of gRPC's status codes, by their number. */
const CODES = [
  "OK",
  "CANCELLED",
  "UNKNOWN",
  "INVALID_ARGUMENT",
  "DEADLINE_EXCEEDED",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "ABORTED",
  "OUT_OF_RANGE",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
  "UNAUTHENTICATED",
];

/** An interceptor that tells `meter` of every call. */
export function timed(meter: Meter): (options: CallOptions, next: NextCall) => Call {
  return (options, next) => {
    const call = next(options);
    const { path, requestStream, responseStream } = options.method_definition;
    if (requestStream || responseStream) return call;
    const method = path.slice(path.lastIndexOf("/") + 1);
    const start = call.start.bind(call);
    call.start = (metadata, listener) => {
      const from = performance.now();
      start(metadata, {
        onReceiveMetadata: (received) => listener.onReceiveMetadata(received),
        onReceiveMessage: (message) => listener.onReceiveMessage(message),
        onReceiveStatus(status) {
          const seconds = (performance.now() - from) / 1000;
          const code = CODES[status.code] ?? String(status.code);
          meter.add("etcd_request_duration_seconds", seconds, { method, code });
          listener.onReceiveStatus(status);
        },
      });
    };
    return call;
  };
}
