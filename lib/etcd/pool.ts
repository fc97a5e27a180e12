/** The part of etcd3's pool of connections that is used; etcd3 1.1 keeps it to itself. @module */
import { castGrpcError, type Etcd3 } from "etcd3";

/** What a call may be given. */
export interface CallOptions {
  readonly deadline?: number | Date;
}

/** What a call is given that ends. */
export type TimedOptions = Required<CallOptions>;
type Done = (error: Error | null, answer: unknown) => void;
/** A call of one request and one answer, as grpc-js makes it. */
export type Unary = (
  ...args:
    | [request: unknown, options: CallOptions, done: Done]
    | [request: unknown, metadata: Metadata, options: CallOptions, done: Done]
) => void;
/** What a call is made with. */
export interface Connection {
  readonly client: ServiceClient;
  readonly metadata: Metadata;
}

/** A client of one of etcd's services. */
export type ServiceClient = Readonly<Record<string, Unary>>;

/** One member's connections. */
export interface Host {
  getServiceClient(service: string): ServiceClient;
}

/** What is sent beside a request. */
export interface Metadata {
  set(key: string, value: string): void;
}

/** Gives the metadata of calls. */
export interface Authenticator {
  getMetadata(): Promise<Metadata>;
}

/** Connections to some members. */
export interface Pool {
  exec<T>(service: string, method: string, payload: unknown, options?: CallOptions): Promise<T>;
  withConnection<T>(
    service: string,
    act: (connection: Connection) => T | Promise<T>,
  ): Promise<T>;
  close(): void;
  readonly authenticator: Authenticator;
  readonly hosts: readonly Host[];
}

/** The pool of a client. */
export function poolOf(etcd: Etcd3): Pool {
  return etcd["pool"] as unknown as Pool;
}

/** One call with the token that is there, whatever becomes of it: etcd3's own would be made again without an end. */
export function callOnce<T>(
  pool: Pool,
  service: string,
  method: string,
  payload: unknown,
  options: CallOptions,
): Promise<T> {
  return pool.withConnection(
    service,
    ({ client, metadata }) => answered((done) => client[method]!(payload, metadata, options, done)),
  );
}

/** One call without a user, whoever logs in. */
export function callOfNobody<T>(
  pool: Pool,
  service: string,
  method: string,
  payload: unknown,
  options: CallOptions,
): Promise<T> {
  const client = pool.hosts[0]!.getServiceClient(service);
  return answered((done) => client[method]!(payload, options, done));
}

/** What a call was answered. @throws etcd3's error for what grpc-js says. */
function answered<T>(call: (done: Done) => void): Promise<T> {
  return new Promise((resolve, reject) =>
    call((error, answer) => {
      if (error) reject(castGrpcError(error));
      else resolve(answer as T);
    })
  );
}

/** What is thrown when etcd3 or grpc-js have no such name. */
export function unfit(name: string): TypeError {
  return new TypeError(
    `npm:etcd3 or @grpc/grpc-js have no ${name}: this version of them cannot be used ` +
      "(etcd3 1.1.2 with grpc-js 1.13 or 1.14 can)",
  );
}
