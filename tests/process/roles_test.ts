import { assert, assertEquals } from "../support/assert.ts";
import { testConfig } from "../support/test_config.ts";
import type { RoleContext } from "../../roles/bootstrap.ts";
import type { RoleSpec } from "../../lib/node/supervised_role.ts";
import {
  LAB,
  ROLE_NAMES,
  type RoleName,
  type RoleRow,
  ROLES,
  STOP_GROUPS,
  SUPERVISED,
  supervisedNames,
} from "../../lib/process/roles.ts";
import { TOOLS } from "../../lib/process/tools.ts";

const ROOT = new URL("../../", import.meta.url);

Deno.test("what is no whole row of the list of roles does not type-check", () => {
  // Each of these would compile if the column could be left out, or be any word.
  const { about: _about, ...noAbout } = LAB;
  const { module: _module, ...noModule } = LAB;
  const { stopGroup: _group, ...noGroup } = LAB;
  const { awaits: _awaits, ...noAwaits } = LAB;
  const { settings: _settings, ...noSettings } = LAB;
  const { permissions: _permissions, ...noPermissions } = LAB;
  const rows: RoleRow[] = [
    // @ts-expect-error a role says what it does
    noAbout,
    // @ts-expect-error a role has an entry file
    noModule,
    // @ts-expect-error a role that no stop group stops would never be stopped
    noGroup,
    // @ts-expect-error a stop group is one of those that are stopped
    { ...LAB, stopGroup: "wrok" },
    // @ts-expect-error a role says whether it waits for the catalogue
    noAwaits,
    // @ts-expect-error a role says what it uses of the configuration
    noSettings,
    // @ts-expect-error a role says what it may do
    noPermissions,
    // @ts-expect-error a row of permissions is whole as well
    { ...LAB, permissions: () => ({ net: [] }) },
  ];
  assertEquals(rows.length, 8);
});

Deno.test("what names a role that there is not, or settings that it has not, does not type-check", () => {
  // @ts-expect-error a misspelt name
  const name: RoleName = "manger";
  const read = ({ config }: RoleContext<"manager">) => [
    config.compaction,
    // @ts-expect-error the manager is not told how to log in to OpenStack
    config.openstack,
  ];
  // @ts-expect-error what the supervisor starts has to be in a group that it stops
  const spec: RoleSpec = { name: "x", command: "x", args: [], env: {}, input: "" };
  assertEquals([name, typeof read, spec.name], ["manger", "function", "x"]);
});

Deno.test("every role is in a group that is stopped, and those who work stop before the election ends", () => {
  const group = (name: keyof typeof SUPERVISED) => STOP_GROUPS.indexOf(SUPERVISED[name].stopGroup);
  const lab = testConfig({ lab: { ...testConfig().lab, enabled: true } });
  assertEquals(supervisedNames(lab), ["lab", ...ROLE_NAMES]);
  for (const name of supervisedNames(lab)) {
    assert(group(name) >= 0, name);
    if (name !== "manager" && name !== "lab") assert(group(name) < group("manager"), name);
  }
  assert(group("lab") > group("manager"));
});

Deno.test("docs/architecture.md says of each process what the list says", async () => {
  const page = await Deno.readTextFile(new URL("docs/architecture.md", ROOT));
  const rows = page.replaceAll(/ +\|/g, " |").split("\n");
  for (const [name, { about }] of Object.entries(SUPERVISED)) {
    assert(rows.some((row) => row.startsWith(`| ${name} | ${about} |`)), name);
  }
});

Deno.test("whoever has a row has an entry file, which calls itself by that name", async () => {
  for (const [name, { module }] of Object.entries(ROLES)) {
    const text = await Deno.readTextFile(new URL(module, ROOT));
    assert(text.includes(`await runRole("${name}",`), module);
  }
  for (const { module } of Object.values(TOOLS)) {
    assert((await Deno.readTextFile(new URL(module, ROOT))).includes("await runTool("), module);
  }
});

Deno.test("the list of roles is cheap to load: no schema, no client, nothing of a package", async () => {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", new URL("lib/process/roles.ts", ROOT).pathname],
  }).output();
  const { roots, modules } = JSON.parse(new TextDecoder().decode(stdout));
  const loaded = new Set<string>(roots);
  for (const specifier of loaded) {
    const found = modules.find((module: { specifier: string }) => module.specifier === specifier);
    for (const { code } of found?.dependencies ?? []) if (code) loaded.add(code.specifier);
  }
  const foreign = [...loaded].filter((specifier) => !specifier.startsWith("file:"));
  assertEquals(foreign, []);
  assert(loaded.size > 1 && loaded.size < 10, [...loaded].join());
});
