/**
 * What the permission table needs to know of this machine: where etcd3's files are, and what the host
 * names in the configuration stand for. Names that the hosts file does not tell are looked up by a
 * short-lived process that may look these names up and do nothing else.
 *
 * @module
 */
import { z } from "zod";
import type { Config } from "../config/config_types.ts";
import { hostAddresses, parseHosts } from "./host_addresses.ts";
import type { Launch, Launcher } from "./launcher.ts";
import type { Log } from "../base/log.ts";
import { hostNames } from "./grants.ts";
import { type PermissionPlaces, permissionRow } from "./permissions.ts";
import { runTool } from "./tool.ts";

const LOOKUP_TIMEOUT_MS = 5000;
const answerSchema = z.record(z.string(), z.array(z.string()));

/** The places of this machine; warns of names that cannot be looked up. */
export async function machinePlaces(
  config: Config,
  launcher: Launcher,
  log: Pick<Log, "warn">,
): Promise<PermissionPlaces> {
  const hosts = parseHosts(await Deno.readTextFile("/etc/hosts").catch(() => ""));
  const places: PermissionPlaces = {
    protoDir: protoDir(launcher.standalone),
    addresses: (host) => hostAddresses(host, hosts),
  };
  const names = hostNames(config).filter((name) => !places.addresses(name).length);
  if (names.length === 0) return places;
  const row = permissionRow("name-lookup", config, places);
  const found = await lookUp(names, launcher.prepare("name-lookup", row, names), log);
  for (const name of names) {
    if (found.has(name)) continue;
    log.warn(
      "a host name cannot be looked up: check it, or name an address with --etcd or --listen",
      { name },
    );
  }
  return { ...places, addresses: (host) => found.get(host) ?? places.addresses(host) };
}

/** Folder of etcd3's `.proto` files; in the binary, where `compile.sh` has put them, beside the bundle. */
function protoDir(standalone: boolean): string {
  const beside = standalone ? import.meta.url : import.meta.resolve("etcd3");
  return new URL("../proto", beside).pathname;
}

/** Addresses by name; a name without an entry could not be looked up. */
async function lookUp(
  names: readonly string[],
  launch: Launch,
  log: Pick<Log, "warn">,
): Promise<Map<string, string[]>> {
  try {
    const found = answerSchema.parse(await runTool(launch, { timeoutMs: LOOKUP_TIMEOUT_MS }));
    return new Map(Object.entries(found).filter(([, addresses]) => addresses.length > 0));
  } catch (error) {
    log.warn("host names could not be looked up", { names, error });
    return new Map();
  }
}
