/**
 * The policy engine of a release, as its packages have it: what `contrib/policy/generate.py` writes there, and
 * every decision with a policy file and without.
 *
 * @module
 */
import { dirname } from "node:path";

const HERE = new URL("..", import.meta.url).pathname;
const ROOT = new URL("../../..", import.meta.url).pathname;

/** The release that is looked at, as `bed/release.sh` calls it. */
export const RELEASE = Deno.env.get("RELEASE") ?? "zed";
export const NAMESPACES = ["neutron", "keystone"] as const;
export type Namespace = typeof NAMESPACES[number];

/** What the service's configuration says of policies. */
export interface Configured {
  /** A folder whose files are read, of the project or in a temporary folder; null: none. */
  readonly dir: string | null;
  /** The operator's own rules. @default none */
  readonly file?: string;
  /** @default the release's default */
  readonly enforceNewDefaults?: boolean;
}

/** What `decisions.py` prints. */
export interface Decisions {
  readonly who: readonly string[];
  readonly objects: readonly string[];
  /** Rules that are asked for by requests; the others are parts of them. */
  readonly requests: readonly string[];
  /** For each rule and each of `who` a character for each object. */
  readonly decisions: Readonly<Record<string, readonly string[]>>;
}

/** The file of a release; of Keystone there is one for all. */
export function shipped(namespace: Namespace): string {
  const dir = `${ROOT}contrib/policy/${namespace}`;
  return namespace === "neutron" ? `${dir}/${RELEASE}` : dir;
}

/** Every decision under a configuration. */
export async function decisions(
  namespace: Namespace,
  configured: Configured,
): Promise<Decisions> {
  return JSON.parse(await python([`${HERE}policy/decisions.py`, namespace], configured));
}

/** What the generator writes under a configuration. @throws {Error} what it said. */
export function generate(namespace: Namespace, configured: Configured): Promise<string> {
  return python([`${ROOT}contrib/policy/generate.py`, "--namespace", namespace], configured);
}

async function python(script: string[], { dir, file, enforceNewDefaults }: Configured) {
  const seen = await Deno.makeTempDir();
  try {
    const lines = ["[oslo_policy]", `policy_dirs = ${dir ?? `${seen}/none`}`];
    if (file !== undefined) lines.push(`policy_file = ${file}`);
    if (enforceNewDefaults !== undefined) {
      lines.push(`enforce_new_defaults = ${enforceNewDefaults}`);
    }
    await Deno.writeTextFile(`${seen}/service.conf`, `${lines.join("\n")}\n`);
    const own = [dir, file].filter((path) => path?.startsWith("/tmp/")).map((path) =>
      dirname(path!)
    );
    const { success, stdout, stderr } = await new Deno.Command("bash", {
      args: [
        ...[`${HERE}bed/release.sh`, "run", RELEASE, ...new Set([seen, ...own]), "--"],
        ...["/usr/bin/python3", "-W", "ignore", ...script, "--config-file", `${seen}/service.conf`],
      ],
      stdin: "null",
    }).output();
    const [out, said] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    if (!success) throw new Error(`${script.join(" ")}: ${said}`);
    return out!;
  } finally {
    await Deno.remove(seen, { recursive: true });
  }
}

/** How two sets of decisions compare, for everybody but the user with our role. */
export interface Compared {
  readonly compared: number;
  /** Rule, who and object of each decision that differs. */
  readonly differences: readonly string[];
}

/** Compares every rule for everybody who has not our role. */
export function compare(before: Decisions, after: Decisions): Compared {
  const differences: string[] = [];
  let compared = 0;
  const names = new Set([...Object.keys(before.decisions), ...Object.keys(after.decisions)]);
  for (const rule of names) {
    for (const [i, who] of before.who.entries()) {
      if (isOurs(who)) continue;
      const [was, is] = [before, after].map((all) => all.decisions[rule]?.[i] ?? "");
      const length = Math.max(was!.length, is!.length);
      for (let at = 0; at < length; at++) {
        compared++;
        if (was![at] === is![at]) continue;
        differences.push(`${rule}: ${was![at]} → ${is![at]} for ${who}, ${before.objects[at]}`);
      }
    }
  }
  return { compared, differences };
}

/** Whether somebody has the role that the files are about. */
export function isOurs(who: string): boolean {
  return who.startsWith("ours/");
}
