/**
 * Defaults that depend on the machine or on other options, and the lab's own cloud where no cloud is
 * configured.
 *
 * @module
 */
import type { OptionName } from "./options.ts";
import { type EffectiveValue, OptionValues } from "./values.ts";

type Texts = Partial<Record<OptionName, string>>;

/** What of the machine a default may depend on. */
export interface Machine {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly hostname: string;
}

/** The state directory when nothing else is said: systemd's for the service, or the user's own. */
export function usualStateDir({ STATE_DIRECTORY, HOME }: Machine["env"]): string {
  return STATE_DIRECTORY ?? (HOME ? `${HOME}/.local/state/calico-conductor` : ".state");
}

/** The values, all that have a default filled in. */
export function completeDefaults(
  found: readonly EffectiveValue[],
  { env, hostname }: Machine,
): EffectiveValue[] {
  const given = new OptionValues(found);
  const ofCloud = given.givenOfCloud() !== null;
  const wanted = given.get("lab");
  const lab = wanted !== "auto" ? wanted : ofCloud ? "off" : "on";
  const derived: Texts = {
    node_name: hostname,
    state_dir: usualStateDir(env),
    elector_name: given.entry("node_name").value ?? hostname,
    ...lab !== "off" && !ofCloud ? labValues(given) : {},
  };
  return found.map((entry) => {
    const { option, source } = entry;
    if (option.name === "lab") return { ...entry, value: lab };
    const value = derived[option.name];
    if (value === undefined || source !== "default") return entry;
    return { ...entry, value, source: lab !== "off" && option.cloud ? "lab" : "default" };
  });
}

/** Where the lab's own cloud is. */
function labValues(given: OptionValues): Texts {
  const base = `http://127.0.0.1:${given.get("lab_openstack_port")}`;
  return {
    etcd: `http://127.0.0.1:${given.get("lab_etcd_port")}`,
    neutron_url: base,
    nova_url: `${base}/compute/v2.1`,
    auth_url: `${base}/identity/v3`,
    username: "lab",
    password: "lab",
    project_name: "admin",
  };
}
