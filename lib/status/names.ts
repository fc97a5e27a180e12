/** Names of hosts and ports as etcd and Neutron have them, which may be anything. Pure. @module */
import { clip } from "../base/clip.ts";

/** What is longer is no name of a host or port: DNS allows no more. */
export const MAX_NAME_CHARS = 253;

/** Both names, clipped for records that must stay small. */
export function clipNames({ host, port }: Readonly<Record<"host" | "port", string>>) {
  return { host: clip(host, MAX_NAME_CHARS), port: clip(port, MAX_NAME_CHARS) };
}
