/**
 * The configuration as the rest of the program sees it: complete, validated and frozen. Only
 * `lib/config/build.ts` makes one; roles receive theirs from the supervisor on standard input, because it
 * holds secrets.
 *
 * @module
 */
import type { buildConfig } from "./build.ts";

/** The same, and all in it, not to be changed. */
type Frozen<T> = T extends object ? { readonly [Key in keyof T]: Frozen<T[Key]> } : T;

/** The complete configuration; {@linkcode buildConfig} says what is in it. */
export type Config = Frozen<ReturnType<typeof buildConfig>>;

/** How to reach etcd. */
export type EtcdConfig = Config["etcd"];
/** How to reach Neutron's RPC on the message bus. */
export type BusConfig = NonNullable<Config["bus"]>;
/** Where Neutron's notifications are. */
export type NotificationsConfig = NonNullable<Config["notifications"]>;
/** How to reach a message bus. */
export type BrokersConfig = NotificationsConfig["bus"];
