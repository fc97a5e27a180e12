import { ASSETS } from "../../lib/diagnostics/client/assets.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { testApp } from "./test_app.ts";

Deno.test("script, style and icon are served as they are in their files", async () => {
  const app = testApp();
  const folder = new URL("../../lib/diagnostics/client/", import.meta.url);
  const read = (name: string) => Deno.readTextFile(new URL(name, folder));
  const get = async (path: string) => await (await app.request(path)).text();
  assertEquals(await get("/app.js"), await read("page.js"));
  assertEquals(await get("/icon.svg"), await read("icon.svg"));
  const style = await get("/app.css");
  for await (const { name } of Deno.readDir(folder)) {
    if (name.endsWith(".css")) assert(style.includes(await read(name)), name);
  }
  assert(style.endsWith(await read("sizes.css")), "what is for one size only comes last");
  for (const { path, type } of ASSETS) {
    assertEquals((await app.request(path)).headers.get("content-type"), type);
  }
});

Deno.test("the page loads its script as a module of its own, which needs nothing inline", async () => {
  const html = await (await testApp().request("/")).text();
  assertEquals(html.match(/<script[^>]*>/g), ['<script src="/app.js" type="module">']);
});

Deno.test("the page's process loads no client: it has no right to use one", async () => {
  const module = new URL("../../roles/diagnostics.ts", import.meta.url).pathname;
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json", module] })
    .output();
  const { roots, modules } = JSON.parse(new TextDecoder().decode(stdout));
  const loaded = new Set<string>(roots);
  for (const specifier of loaded) {
    const found = modules.find((module: { specifier: string }) => module.specifier === specifier);
    for (const { code } of found?.dependencies ?? []) {
      if (code?.specifier) loaded.add(code.specifier);
    }
  }
  assert(loaded.size > 50, [...loaded].join());
  const clients = [...loaded].filter((specifier) => /^npm:\/?(etcd3|amqplib)@/.test(specifier));
  assertEquals(clients, []);
});
