import { clientOf, RateLimit } from "../../lib/diagnostics/rate_limit.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { testApp } from "./test_app.ts";

Deno.test("a client has a burst, then its rate; another one is not held back", () => {
  let now = 0;
  const rate = new RateLimit(10, () => now);
  const taken = (address: string, times: number) =>
    Array.from({ length: times }, () => rate.take(address)).filter((wait) => wait === 0).length;
  assertEquals(taken("192.0.2.1", 30), 20);
  assertEquals(taken("192.0.2.2", 1), 1);
  assertEquals(rate.take("192.0.2.1"), 1, "come again in a second");
  now += 500;
  assertEquals(taken("192.0.2.1", 30), 5);
  now += 60_000;
  assertEquals(taken("192.0.2.1", 30), 20, "no more than the burst is saved up");
  assertEquals(new RateLimit(0, () => now).take("x"), 0, "0: no limit");
});

Deno.test("clients that are done are forgotten, and their number is bounded", () => {
  let now = 0;
  const rate = new RateLimit(10, () => now);
  for (let i = 0; i < 10_000; i++) rate.take(`10.0.${i >> 8}.${i & 255}`);
  assertEquals(rate.size, 10_000);
  rate.take("192.0.2.1");
  assertEquals(rate.size, 10_000, "the one that was idle longest goes");
  now += 3000;
  rate.take("192.0.2.2");
  assertEquals(rate.size, 1);
});

Deno.test("an IPv6 customer is one client, an IPv4 address is itself however it is written", () => {
  assertEquals(clientOf("192.0.2.1"), clientOf("::ffff:192.0.2.1"));
  assertEquals(clientOf("2001:db8:1:2:3:4:5:6"), clientOf("2001:0db8:1:2::9"));
  assertEquals(clientOf("2001:db8::1"), "2001:db8:0:0::/64");
  assert(clientOf("2001:db8:1:2::1") !== clientOf("2001:db8:1:3::1"));
  assertEquals(clientOf("::1"), "0:0:0:0::/64");
  assertEquals(clientOf("fe80::1%eth0"), "fe80:0:0:0::/64");
});

Deno.test("too many requests are answered 429 with the time to wait, and addresses have a length", async () => {
  const app = testApp({ requestRate: 2 });
  const get = async (hostname: string, path = "/livez") => {
    const response = await app.request(path, {}, { remoteAddr: { hostname } });
    await response.body?.cancel();
    return [response.status, response.headers.get("retry-after")];
  };
  for (let i = 0; i < 4; i++) assertEquals(await get("192.0.2.1"), [200, null]);
  assertEquals(await get("192.0.2.1"), [429, "1"]);
  assertEquals(await get("192.0.2.2"), [200, null]);
  assertEquals(await get("192.0.2.3", `/${"x".repeat(3000)}`), [414, null]);
});

Deno.test("one client has 32 streams at most; others, and a proxy on this machine, have more", async () => {
  const stop = new AbortController();
  const app = testApp({ maxStreams: 100, signal: stop.signal });
  const opened: Response[] = [];
  const open = async (hostname: string, times: number) => {
    let count = 0;
    for (let i = 0; i < times; i++) {
      const response = await app.request("/events", {}, { remoteAddr: { hostname } });
      opened.push(response);
      if (response.status === 200) count++;
    }
    return count;
  };
  assertEquals(await open("192.0.2.1", 40), 32);
  assertEquals(await open("2001:db8::1", 20) + await open("2001:db8::2", 20), 32);
  assertEquals(await open("127.0.0.1", 40), 36, "100 in all");
  stop.abort();
  for (const response of opened) await response.body?.cancel();
});
