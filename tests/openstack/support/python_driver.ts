/**
 * The other writer of the same data: `calico-resync` of networking-calico, the Python driver. It is no part
 * of this repository: `NETWORKING_CALICO` names a directory that holds its package `networking_calico`, such
 * as `networking-calico/` of a checkout of Calico.
 *
 * @module
 */
import type { Etcd3 } from "etcd3";
import type { Bed } from "./bed.ts";
import type { Json } from "./rest.ts";

const PYTHON = "/usr/bin/python3";
const PREFIXES = ["/calico/resources/v3/projectcalico.org/", "/calico/dhcp/"];

/** What one run of it says that it did, summed over all kinds. */
export interface PythonResync {
  readonly created: number;
  readonly updated: number;
  readonly deleted: number;
}

/** Why the Python driver cannot be run here, or null. */
export async function pythonDriverMissing(): Promise<string | null> {
  const root = Deno.env.get("NETWORKING_CALICO");
  if (!root) return "NETWORKING_CALICO does not say where networking-calico is";
  const { success, stderr } = await python(root, ["-c", "import networking_calico.resync.cli"]);
  if (success) return null;
  return `${root}: ${new TextDecoder().decode(stderr).trim().split("\n").at(-1)}`;
}

function python(root: string, args: readonly string[], path: readonly string[] = []) {
  return new Deno.Command(PYTHON, {
    args: ["-W", "ignore", ...args],
    env: { PYTHONDONTWRITEBYTECODE: "1", PYTHONPATH: [root, ...path].join(":") },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
}

/**
 * A full resync by the Python driver of the bed's Neutron into an etcd. `options`: of its `[calico]`.
 *
 * @throws it failed; the message has the end of its log.
 */
export async function pythonResync(
  bed: Bed,
  etcdUrl: string,
  options: Readonly<Record<string, string | number>> = {},
): Promise<PythonResync> {
  const root = Deno.env.get("NETWORKING_CALICO")!;
  const dir = await Deno.makeTempDir();
  try {
    const { hostname, port } = new URL(etcdUrl);
    const calico = { etcd_host: hostname, etcd_port: port, ...options };
    await Deno.writeTextFile(
      `${dir}/calico.conf`,
      [
        `[DEFAULT]\nlog_file = ${dir}/log\nuse_stderr = false\n[calico]`,
        ...Object.entries(calico).map(([name, value]) => `${name} = ${value}`),
      ].join("\n"),
    );
    const files = [bed.at.neutronConf, `${bed.at.dir}/etc/ml2.ini`, `${dir}/calico.conf`];
    const { success, stderr } = await python(root, [
      "-m",
      "networking_calico.resync.cli",
      ...files.map((file) => `--config-file=${file}`),
      `--output=${dir}/result`,
    ], [`${bed.at.dir}/py`]);
    if (!success) {
      const log = await Deno.readTextFile(`${dir}/log`).catch(() => "");
      throw new Error(`${new TextDecoder().decode(stderr).slice(-3000)}\n${log.slice(-3000)}`);
    }
    const { phases } = JSON.parse(await Deno.readTextFile(`${dir}/result`));
    const sum = (what: string) =>
      Object.values<Json>(phases).reduce((all, phase) => all + (phase[what] ?? 0), 0);
    return { created: sum("created"), updated: sum("updated"), deleted: sum("deleted") };
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** One key as it is stored. */
export interface Raw {
  readonly value: string;
  /** Decimal. */
  readonly modRevision: string;
}

/** All that either driver writes, in every region, as text. */
export async function readRaw(etcd: Etcd3): Promise<Map<string, Raw>> {
  const found = new Map<string, Raw>();
  for (const prefix of PREFIXES) {
    const { kvs } = await etcd.getAll().prefix(prefix).exec();
    for (const { key, value, mod_revision } of kvs) {
      found.set(key.toString(), { value: value.toString(), modRevision: String(mod_revision) });
    }
  }
  return found;
}

/** Keys that were written between two looks, by what happened to them; sorted. */
export function writes(before: ReadonlyMap<string, Raw>, after: ReadonlyMap<string, Raw>) {
  const keys = [...new Set([...before.keys(), ...after.keys()])].sort();
  return {
    created: keys.filter((key) => !before.has(key)),
    deleted: keys.filter((key) => !after.has(key)),
    updated: keys.filter((key) => {
      const [was, is] = [before.get(key), after.get(key)];
      return was && is && was.modRevision !== is.modRevision;
    }),
  };
}
