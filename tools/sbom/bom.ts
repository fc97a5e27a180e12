/**
 * A bill of materials in CycloneDX's JSON from `deno.lock`: every package with its digest, its licence and what it
 * depends on. The same lock gives the same bytes: there is no time in it, and its serial number is made of its
 * content.
 *
 * Source: https://cyclonedx.org/docs/1.6/json/
 *
 * @module
 */
import { createHash } from "node:crypto";

/** What `deno.lock`, version 5, says of a package. */
export interface LockedPackage {
  /** Of npm: `sha512-` and base64 of the package. Of JSR: SHA-256 of the list of its files, hexadecimal. */
  readonly integrity: string;
  /** Names, with versions where several are locked. */
  readonly dependencies?: readonly string[];
  readonly optionalDependencies?: readonly string[];
}

/** What is read of `deno.lock`. */
export interface Lock {
  readonly version: string;
  /** By name, version and, after `_`, the peers that it was resolved with. */
  readonly npm?: Readonly<Record<string, LockedPackage>>;
  /** By name and version; there only without `links`. */
  readonly jsr?: Readonly<Record<string, LockedPackage>>;
}

/** The program that the packages are of. */
export interface Product {
  readonly name: string;
  readonly version: string;
  /** An SPDX expression. */
  readonly license: string;
  /** What its own sources import, such as `npm:hono@4.13.19`. */
  readonly imports: ReadonlySet<string>;
}

/** A package as the lock names it. */
export interface PackageId {
  readonly registry: "npm" | "jsr";
  readonly name: string;
  readonly version: string;
}

type License = { license: { id: string } | { name: string } } | { expression: string };

/** One package of the bill. */
export interface Component {
  readonly type: "library" | "application";
  readonly "bom-ref": string;
  readonly group?: string;
  readonly name: string;
  readonly version: string;
  /** Only tests and tools need what is `excluded`. */
  readonly scope?: "required" | "excluded";
  readonly hashes?: readonly { readonly alg: "SHA-512"; readonly content: string }[];
  readonly licenses?: readonly License[];
  readonly purl?: string;
  readonly properties?: readonly { readonly name: string; readonly value: string }[];
}

/** A bill of materials. */
export interface Bom {
  readonly $schema: string;
  readonly bomFormat: "CycloneDX";
  readonly specVersion: "1.6";
  readonly serialNumber: string;
  readonly version: 1;
  readonly metadata: { readonly lifecycles: readonly unknown[]; readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

/** How the bill names a package: of npm by its URL, for JSR there is no kind of URL. */
export function packageRef({ registry, name, version }: PackageId): string {
  if (registry === "jsr") return `jsr:${name}@${version}`;
  // Source: https://github.com/package-url/purl-spec/blob/main/types-doc/npm-definition.md
  return `pkg:npm/${name.replace(/^@/, "%40")}@${version}`;
}

/** Identifiers of SPDX that packages in use have; any other word is a text, which is never wrong. */
const KNOWN_LICENSES = new Set(
  "0BSD Apache-2.0 BSD-2-Clause BSD-3-Clause BlueOak-1.0.0 CC0-1.0 ISC MIT MPL-2.0 Unlicense".split(
    " ",
  ),
);

/**
 * What a package's `license` says, for the bill: an identifier of SPDX, an expression of several, or a text.
 *
 * @param declared `license` of its package.json; old ones have an object
 */
export function licensesOf(declared: unknown): License[] | undefined {
  const text = typeof declared === "object" && declared !== null && "type" in declared
    ? declared.type
    : declared;
  if (typeof text !== "string" || text.trim() === "") return undefined;
  if (KNOWN_LICENSES.has(text)) return [{ license: { id: text } }];
  const words = text.split(/ (?:AND|OR) |[()]/).filter((word) => word !== "");
  if (words.every((word) => KNOWN_LICENSES.has(word))) return [{ expression: text }];
  return [{ license: { name: text } }];
}

/**
 * The bill of a product.
 *
 * @param declared what each package's package.json says of its licence
 * @throws {Error} the lock is of another kind, or lacks a digest or a package.
 */
export function billOfMaterials(
  lock: Lock,
  product: Product,
  declared: (id: PackageId) => unknown,
): Bom {
  if (lock.version !== "5") throw new Error(`deno.lock: version ${lock.version}, known is 5`);
  const graph = dependencyGraph(lock);
  const direct = new Set<string>();
  for (const wanted of product.imports) {
    // With `links` what would come from JSR is part of the sources.
    if (wanted.startsWith("jsr:") && !lock.jsr) continue;
    direct.add(packageRef(resolve([...graph.values()].map(({ id }) => id), wanted, product.name)));
  }
  const required = reachable(graph, direct);
  const components = [...graph].map(([ref, { id, integrity }]): Component => {
    const [, scope, name] = /^(?:(@[^/]+)\/)?(.+)$/.exec(id.name)!;
    return {
      type: "library",
      "bom-ref": ref,
      ...scope && { group: scope },
      name: name!,
      version: id.version,
      scope: required.has(ref) ? "required" : "excluded",
      ...id.registry === "jsr"
        ? { properties: [{ name: "deno:lock:integrity", value: integrity }] }
        : {
          hashes: [{ alg: "SHA-512", content: hexadecimal(integrity, id) }],
          licenses: licensesOf(declared(id)),
          purl: ref,
        },
    };
  });
  const root = `${product.name}@${product.version}`;
  const bom: Omit<Bom, "serialNumber"> = {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      lifecycles: [{ phase: "pre-build" }],
      component: {
        type: "application",
        "bom-ref": root,
        name: product.name,
        version: product.version,
        licenses: licensesOf(product.license),
      },
    },
    components,
    dependencies: [
      { ref: root, dependsOn: [...direct].sort() },
      ...[...graph].map(([ref, { dependsOn }]) => ({ ref, dependsOn: [...dependsOn].sort() })),
    ],
  };
  const { $schema, bomFormat, specVersion, ...rest } = bom;
  return { $schema, bomFormat, specVersion, serialNumber: serialNumber(bom), ...rest };
}

interface Node {
  readonly id: PackageId;
  readonly integrity: string;
  readonly dependsOn: Set<string>;
}

/** Packages by what the bill calls them, in that order; one that is locked for several peers is one. */
function dependencyGraph({ npm = {}, jsr = {} }: Lock): Map<string, Node> {
  const locked = [
    ...Object.entries(npm).map(([key, entry]) => ({ id: packageId("npm", key), entry })),
    ...Object.entries(jsr).map(([key, entry]) => ({ id: packageId("jsr", key), entry })),
  ];
  const ids = locked.map(({ id }) => id);
  const graph = new Map<string, Node>();
  for (const { id, entry } of locked) {
    const { integrity, dependencies = [], optionalDependencies = [] } = entry;
    const ref = packageRef(id);
    const node = graph.get(ref) ?? { id, integrity, dependsOn: new Set() };
    for (const each of [...dependencies, ...optionalDependencies]) {
      const wanted = /^(npm|jsr):/.test(each) ? each : `npm:${each}`;
      node.dependsOn.add(packageRef(resolve(ids, wanted, ref)));
    }
    graph.set(ref, node);
  }
  return new Map([...graph].sort(([a], [b]) => a < b ? -1 : 1));
}

/** Name and version of a key of the lock. @throws {Error} it is none. */
function packageId(registry: PackageId["registry"], key: string): PackageId {
  const found = /^((?:@[^/@]+\/)?[^/@]+)@([^_]+)(?:_.*)?$/.exec(key);
  if (!found) throw new Error(`deno.lock: ${JSON.stringify(key)} names no package and version`);
  return { registry, name: found[1]!, version: found[2]! };
}

/**
 * The locked package that `wanted` means, such as `npm:hono@4.13.19`: of that name the one of that version, else,
 * for ranges and where no version is written, the only one.
 *
 * @throws {Error} there is none, or which one is not said.
 */
function resolve(locked: readonly PackageId[], wanted: string, by: string): PackageId {
  const [, registry, name, version] =
    /^(npm|jsr):\/?((?:@[^/@]+\/)?[^/@]+)(?:@([^_/]+))?/.exec(wanted) ?? [];
  const named = locked.filter((id) => id.registry === registry && id.name === name);
  const exact = named.find((id) => id.version === version);
  if (exact) return exact;
  const isRange = version === undefined || !/^\d+\.\d+\.\d+/.test(version);
  if (isRange && new Set(named.map(packageRef)).size === 1) return named[0]!;
  throw new Error(`deno.lock: ${by} depends on ${wanted}, of which the lock has ${named.length}`);
}

/** What is depended on by these, and they themselves. */
function reachable(graph: ReadonlyMap<string, Node>, from: ReadonlySet<string>): Set<string> {
  const found = new Set<string>();
  const visit = (ref: string) => {
    if (found.has(ref)) return;
    found.add(ref);
    for (const next of graph.get(ref)!.dependsOn) visit(next);
  };
  for (const ref of from) visit(ref);
  return found;
}

function hexadecimal(integrity: string, { name }: PackageId): string {
  const found = /^sha512-([\w+/]{86}==)$/.exec(integrity);
  if (!found) throw new Error(`deno.lock: ${name} has no SHA-512: ${JSON.stringify(integrity)}`);
  return Uint8Array.fromBase64(found[1]!).toHex();
}

/** A UUID made of the content, version 8 of RFC 9562. */
function serialNumber(content: unknown): string {
  const bytes = createHash("sha256").update(JSON.stringify(content)).digest().subarray(0, 16);
  bytes[6] = bytes[6]! & 0x0f | 0x80;
  bytes[8] = bytes[8]! & 0x3f | 0x80;
  const hex = bytes.toString("hex");
  return `urn:uuid:${hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5")}`;
}
