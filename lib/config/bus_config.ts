/** How to reach message buses, as the clients of `lib/bus` are told. @module */
import type { BusHost } from "./transport_url.ts";

/** How to reach a message bus. */
export interface BrokersConfig {
  readonly hosts: readonly BusHost[];
  readonly virtualHost: string;
  readonly tls: boolean;
  /** PEM files. */
  readonly caFile: string | null;
  readonly certFile: string | null;
  readonly keyFile: string | null;
  /** Neutron's control exchange. */
  readonly exchange: string;
}

/** How to reach Neutron's RPC on the message bus. */
export interface BusConfig extends BrokersConfig {
  /** Time that the answer to a call may take, milliseconds. */
  readonly rpcTimeoutMs: number;
}

/** Where Neutron's notifications are. */
export interface NotificationsConfig {
  readonly bus: BrokersConfig;
  /** Their topics; the routing key is `<topic>.info`. */
  readonly topics: readonly string[];
}
