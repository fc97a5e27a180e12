import { assertEquals } from "../support/assert.ts";
import { testApp } from "./test_app.ts";

Deno.test("a list of ids that is none, or too long, is a request that is not understood", async () => {
  const ask = async (networks: unknown) => {
    const response = await testApp().request("http://localhost/api/v1/resync", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ networks }),
    }, { remoteAddr: { hostname: "127.0.0.1" } });
    await response.text();
    return response.status;
  };
  assertEquals(await ask(Array(500).fill("n")), 202);
  assertEquals(await ask(Array(501).fill("n")), 400);
  for (const odd of [{ length: { toString: 1 } }, { length: 1 }, "n"]) {
    assertEquals(await ask(odd), 400, JSON.stringify(odd));
  }
});
