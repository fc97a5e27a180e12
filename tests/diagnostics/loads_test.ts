import { assert, assertEquals } from "../support/assert.ts";

interface Graph {
  readonly modules: {
    readonly specifier: string;
    readonly dependencies?: { readonly code?: { readonly specifier?: string } }[];
  }[];
}

Deno.test("the page's process loads no client of etcd, which it has no permissions for", async () => {
  const entry = new URL("../../roles/diagnostics.ts", import.meta.url).href;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", entry],
  }).output();
  const { modules }: Graph = JSON.parse(new TextDecoder().decode(stdout));
  const imports = new Map(modules.map(({ specifier, dependencies = [] }) => [
    specifier,
    dependencies.flatMap(({ code }) => code?.specifier ?? []), // types are not loaded
  ]));
  const loaded = new Set([entry]);
  for (const module of loaded) for (const next of imports.get(module) ?? []) loaded.add(next);
  assert(loaded.size > 50, `only ${loaded.size} modules`);
  assertEquals([...loaded].filter((module) => /etcd3|\/lib\/etcd\/client\.ts$/.test(module)), []);
});
