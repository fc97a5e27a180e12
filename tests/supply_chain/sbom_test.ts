/** The bill of materials is what the lock says, and what CycloneDX's schema allows. @module */
import { Ajv } from "npm:ajv@8.20.0";
import library from "npm:@cyclonedx/cyclonedx-library@10.3.0/package.json" with { type: "json" };
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { tempDir } from "../support/temp_dir.ts";
import { billOfMaterials, type Bom, licensesOf, type Lock } from "../../tools/sbom/bom.ts";
import { materials } from "../../tools/sbom/main.ts";
import { packageCaches, packageFolder } from "../../tools/sbom/packages.ts";

const ROOT = new URL("../../", import.meta.url);
const read = async (path: string) => JSON.parse(await Deno.readTextFile(new URL(path, ROOT)));

/** A lock of two packages, of which one needs the other. */
const SMALL: Lock = {
  version: "5",
  npm: {
    "@a/one@1.0.0_two@2.0.0": { integrity: `sha512-${"A".repeat(86)}==`, dependencies: ["two"] },
    "three@3.0.0-rc.1": { integrity: `sha512-${"B".repeat(85)}A==` },
    "two@2.0.0": { integrity: `sha512-${"/".repeat(85)}w==` },
  },
};
const PRODUCT = {
  name: "product",
  version: "1.2.3",
  license: "Apache-2.0",
  imports: new Set(["npm:@a/one@1.0.0", "jsr:@b/four@^4.0.0"]),
};

/** What says which rules of CycloneDX's schema something breaks. */
async function schema(): Promise<(bom: unknown) => string> {
  const folder = `${packageFolder(await packageCaches(), library)}/res/schema`;
  const part = async (name: string) =>
    JSON.parse(await Deno.readTextFile(`${folder}/${name}.SNAPSHOT.schema.json`));
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
  for (const name of ["spdx", "jsf-0.82"]) {
    ajv.addSchema(await part(name), `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json`);
  }
  const validate = ajv.compile(await part("bom-1.6"));
  return (bom) => validate(bom) ? "" : ajv.errorsText(validate.errors);
}

Deno.test("the project's bill is valid, and has every package of the lock with its digest", async () => {
  const bom: Bom = JSON.parse((await materials()).bill);
  assertEquals((await schema())(bom), "");
  const { npm } = await read("deno.lock") as Required<Lock>;
  const digests = (list: string[]) => [...new Set(list)].sort();
  assertEquals(
    digests(bom.components.flatMap(({ hashes }) => hashes?.map(({ content }) => content) ?? [])),
    digests(
      Object.values(npm).map(({ integrity }) =>
        Uint8Array.fromBase64(integrity.replace("sha512-", "")).toHex()
      ),
    ),
  );
  // A licence that is none of SPDX's, or none at all, is to be looked at by people.
  const clear = (licenses: Bom["components"][number]["licenses"] = []) =>
    licenses.some((each) => "expression" in each || "id" in each.license);
  assertEquals(bom.components.filter(({ purl, licenses }) => purl && !clear(licenses)), []);
  assertEquals(bom.metadata.component.version, (await read("deno.json")).version);
});

Deno.test("what only tests need is excluded, what the product needs by others is not", async () => {
  const bom: Bom = JSON.parse((await materials()).bill);
  const scopes = new Map(
    bom.components.map(({ purl, scope }) => [purl?.replace(/@[^@]*$/, ""), scope]),
  );
  for (const name of ["fast-check", "playwright-core", "axe-core", "ajv"]) {
    assertEquals(scopes.get(`pkg:npm/${name}`), "excluded", name);
  }
  for (const name of ["etcd3", "%40grpc/grpc-js", "protobufjs", "long", "hono", "amqplib"]) {
    assertEquals(scopes.get(`pkg:npm/${name}`), "required", name);
  }
  const { imports } = await read("deno.json");
  const direct = Object.values<string>(imports).filter((target) => target.startsWith("npm:"))
    .map((target) => `pkg:${target.replace(/:\/?/, "/").replace("/@", "/%40").replace(/\/$/, "")}`)
    .filter((purl) => !purl.includes("fast-check"));
  const { ref, dependsOn } = bom.dependencies[0]!;
  assertEquals(ref, bom.metadata.component["bom-ref"]);
  const npm = dependsOn.filter((each) => each.startsWith("pkg:npm/"));
  assertEquals(npm, [...new Set(direct)].sort());
});

Deno.test("packages of JSR, which are locked only without links, are named with what the lock has", () => {
  const jsr = {
    "@b/four@4.1.0": { integrity: "c".repeat(64), dependencies: ["jsr:@b/five", "npm:two@^2.0.0"] },
    "@b/five@5.0.0": { integrity: "d".repeat(64) },
  };
  const bom = billOfMaterials({ ...SMALL, jsr }, PRODUCT, () => "MIT");
  assertEquals(bom.components[1], {
    type: "library",
    "bom-ref": "jsr:@b/four@4.1.0",
    group: "@b",
    name: "four",
    version: "4.1.0",
    scope: "required",
    properties: [{ name: "deno:lock:integrity", value: "c".repeat(64) }],
  });
  assertEquals(bom.dependencies[0]!.dependsOn, ["jsr:@b/four@4.1.0", "pkg:npm/%40a/one@1.0.0"]);
  assertEquals(bom.dependencies[2]!.dependsOn, ["jsr:@b/five@5.0.0", "pkg:npm/two@2.0.0"]);
});

Deno.test("the same lock gives the same bill, in whichever order, and another lock another number", () => {
  const make = (lock: Lock) => billOfMaterials(lock, PRODUCT, () => "MIT");
  const bom = make(SMALL);
  const reversed = Object.fromEntries(Object.entries(SMALL.npm!).reverse());
  assertEquals(make({ ...SMALL, npm: reversed }), bom);
  assertMatch(
    bom.serialNumber,
    /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  );
  const { "three@3.0.0-rc.1": _, ...fewer } = SMALL.npm!;
  assert(make({ ...SMALL, npm: fewer }).serialNumber !== bom.serialNumber);
  assertEquals(bom.components.map(({ purl, group, scope }) => [purl, group, scope]), [
    ["pkg:npm/%40a/one@1.0.0", "@a", "required"],
    ["pkg:npm/three@3.0.0-rc.1", undefined, "excluded"],
    ["pkg:npm/two@2.0.0", undefined, "required"],
  ]);
  assertEquals(bom.components[2]!.hashes, [{ alg: "SHA-512", content: "f".repeat(128) }]);
  assertEquals(bom.dependencies[1], {
    ref: "pkg:npm/%40a/one@1.0.0",
    dependsOn: ["pkg:npm/two@2.0.0"],
  });
});

Deno.test("a licence is an identifier, an expression or a text", async () => {
  const cases: Array<[unknown, ReturnType<typeof licensesOf>]> = [
    ["MIT", [{ license: { id: "MIT" } }]],
    [{ type: "ISC", url: "…" }, [{ license: { id: "ISC" } }]],
    ["(BSD-2-Clause OR MIT)", [{ expression: "(BSD-2-Clause OR MIT)" }]],
    ["(MIT OR Apache-2.0) AND ISC", [{ expression: "(MIT OR Apache-2.0) AND ISC" }]],
    ["UNLICENSED", [{ license: { name: "UNLICENSED" } }]],
    ["BSD OR MIT", [{ license: { name: "BSD OR MIT" } }]],
    ["SEE LICENSE IN LICENSE.md", [{ license: { name: "SEE LICENSE IN LICENSE.md" } }]],
    ["", undefined],
    [undefined, undefined],
    [["MIT"], undefined],
  ];
  const violations = await schema();
  for (const [declared, expected] of cases) {
    assertEquals(licensesOf(declared), expected);
    const bom = billOfMaterials(SMALL, PRODUCT, () => declared);
    assertEquals(violations(JSON.parse(JSON.stringify(bom))), "");
  }
  const wrong = { bomFormat: "CycloneDX", specVersion: "1.6", components: [{ name: "x" }] };
  assertMatch(violations(wrong), /must have required property 'type'/);
});

Deno.test("no bill is made of a lock that does not say everything", () => {
  const wrong: Array<[Lock, RegExp]> = [
    [{ ...SMALL, version: "4" }, /version 4, known is 5/],
    [
      { ...SMALL, npm: { "two@2.0.0": { integrity: "sha1-x" } } },
      /product depends on npm:@a\/one@1.0.0, of which the lock has 0/,
    ],
    [
      { ...SMALL, npm: { ...SMALL.npm, "two@2.0.0": { integrity: "sha1-x" } } },
      /two has no SHA-512/,
    ],
    [{
      ...SMALL,
      npm: { ...SMALL.npm, "six@2.0.1": { ...SMALL.npm!["two@2.0.0"]!, dependencies: ["x"] } },
    }, /six@2.0.1 depends on npm:x, of which the lock has 0/],
    [
      { ...SMALL, npm: { ...SMALL.npm, "two@2.0.1": SMALL.npm!["two@2.0.0"]! } },
      /depends on npm:two, of which the lock has 2/,
    ],
    [{ ...SMALL, jsr: {} }, /product depends on jsr:@b\/four@\^4.0.0, of which the lock has 0/],
  ];
  for (const [lock, message] of wrong) {
    try {
      billOfMaterials(lock, PRODUCT, () => "MIT");
    } catch (error) {
      assertMatch((error as Error).message, message);
      continue;
    }
    throw new Error(`a bill was made: ${message}`);
  }
});

Deno.test("the task writes the bill into a file, and the same one again", async () => {
  await using dir = await tempDir();
  const { tasks } = await read("deno.json");
  const [, ...words] = tasks.sbom.command.split(" ");
  for (const name of ["one.json", "two.json"]) {
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [...words, `${dir.path}/${name}`],
      cwd: ROOT,
    }).output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
  }
  const text = await Deno.readTextFile(`${dir.path}/one.json`);
  assertEquals(text, await Deno.readTextFile(`${dir.path}/two.json`));
  assertEquals(text, `${(await materials()).bill}\n`);
});
