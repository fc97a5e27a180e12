import { rejects as assertRejects } from "node:assert/strict";
import { openListener } from "../../lib/diagnostics/listener.ts";
import { readPage } from "../../lib/diagnostics/page_client.ts";
import { reachable } from "../../lib/config/page_url.ts";
import { statusSchema } from "../../lib/health/status.ts";
import { readTlsFiles } from "../../lib/diagnostics/tls_files.ts";
import { assertEquals } from "../support/assert.ts";
import { makeCertificate } from "../support/certificates.ts";
import { testApp } from "./test_app.ts";
import { tempDir } from "../support/temp_dir.ts";

const never = new AbortController().signal;
const HOST = { host: "127.0.0.1", cert: null };

Deno.test("the status is read from the page", async () => {
  await using listener = await openListener(testApp().fetch, { ...HOST, port: 0, tls: null });
  const address = { ...HOST, port: listener.port };
  statusSchema.parse(await readPage(address, "/api/v1/status", never));
  await assertRejects(readPage(address, "/nowhere", never), /it answered 404/);
});

Deno.test("with TLS the page must hold the very certificate of the configuration", async () => {
  await using dir = await tempDir();
  const [one, two] = [
    await makeCertificate(dir.path, "one"),
    await makeCertificate(dir.path, "two"),
  ];
  const tls = await readTlsFiles(one);
  await using listener = await openListener(testApp().fetch, { ...HOST, port: 0, tls });
  const address = { ...HOST, port: listener.port };
  statusSchema.parse(await readPage({ ...address, cert: one.cert }, "/api/v1/status", never));
  const other = readPage({ ...address, cert: two.cert }, "/api/v1/status", never);
  await assertRejects(other, /does not hold the certificate of .*two\.pem/);
});

Deno.test("a page that listens on every address is reached on loopback", () => {
  assertEquals(["0.0.0.0", "::", "192.0.2.1", "node-1"].map(reachable), [
    "127.0.0.1",
    "::1",
    "192.0.2.1",
    "node-1",
  ]);
});
