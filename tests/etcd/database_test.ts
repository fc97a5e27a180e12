import { readDatabase } from "../../lib/etcd/database.ts";
import { assertEquals } from "../support/assert.ts";

const options = { port: 0, hostname: "127.0.0.1", onListen: () => {} };

Deno.test("the quota is read at the member's own address: a redirection is not followed", async () => {
  let led = 0;
  await using elsewhere = Deno.serve(options, () => {
    led++;
    return new Response("etcd_server_quota_backend_bytes 7\n");
  });
  const other = `http://127.0.0.1:${elsewhere.addr.port}/metrics`;
  await using member = Deno.serve(options, () => Response.redirect(other));
  const exec = <T>() => Promise.resolve({ dbSize: "2", dbSizeInUse: "1" } as T);
  const url = `http://127.0.0.1:${member.addr.port}`;
  const files = { caFile: null, certFile: null, keyFile: null };
  const { quotaBytes, sizeBytes } = await readDatabase({ url, exec }, files, 60_000);
  assertEquals([quotaBytes, sizeBytes, led], [null, 2, 0]);
});
