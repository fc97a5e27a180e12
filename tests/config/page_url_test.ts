import { pageForOthers } from "../../lib/config/page_url.ts";
import { registrationSchema } from "../../lib/state/records.ts";
import { assertEquals } from "../support/assert.ts";

const of = (host: string, more: { tls?: object; nodeName?: string } = {}) =>
  pageForOthers({
    nodeName: more.nodeName ?? "ctl-1",
    diagnostics: { host, port: 9797, tls: more.tls ?? null },
  });

Deno.test("a node tells the others the URL of its page, unless nobody but its own machine reaches it", () => {
  assertEquals(of("10.0.0.2"), "http://10.0.0.2:9797");
  assertEquals(of("fd00::2", { tls: {} }), "https://[fd00::2]:9797");
  for (const host of ["0.0.0.0", "::"]) assertEquals(of(host), "http://ctl-1:9797");
  assertEquals(of("::", { nodeName: "a node" }), null, "no name of a host");
  for (const host of ["127.0.0.1", "127.0.1.1", "::1", "localhost"]) assertEquals(of(host), null);
});

Deno.test("what is no URL of a page in a registration is none, and an older version says none", () => {
  const node = { name: "n", version: "1", roles: [], since: 1, diagnostics: "x:1" };
  const pageOf = (page?: unknown) =>
    registrationSchema.parse(page === undefined ? node : { ...node, page }).page;
  assertEquals(pageOf(), null);
  assertEquals(pageOf("https://[fd00::2]:9797"), "https://[fd00::2]:9797");
  for (
    const bad of ["javascript:alert(1)", "http://x.example/evil:1", 'http://a"b:1', "http://u@h:1"]
  ) {
    assertEquals(pageOf(bad), null, bad);
  }
});
