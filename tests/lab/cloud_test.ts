import { openstack } from "../../lab/cloud.ts";
import { Tokens } from "../../lab/keystone_api.ts";
import { Random } from "../../lab/random.ts";
import { seedCloud } from "../../lab/seed.ts";
import { systemClock } from "../../lib/base/clock.ts";
import { assertEquals } from "../support/assert.ts";

Deno.test("the lab's OpenStack serves programs of this machine, and no page of a browser", async () => {
  const random = new Random(1);
  const cloud = seedCloud(random, { ports: 1, hosts: 1 });
  const app = openstack(cloud, random, new Tokens(systemClock), "http://lab");
  const status = async (path: string, headers: Record<string, string>) =>
    (await app.request(`http://lab${path}`, { headers })).status;
  const paths = ["/identity/v3", "/v2.0/ports", "/compute/v2.1/", "/lab/v1/agents"];
  for (const path of paths) {
    for (const Origin of ["http://page.example", "null", "http://127.0.0.1:9797"]) {
      assertEquals(
        await status(path, { Origin, Host: "127.0.0.1:9696" }),
        403,
        `${path} ${Origin}`,
      );
    }
    for (const Host of ["page.example", "page.example:9696", "127.0.0.1.page.example"]) {
      assertEquals(await status(path, { Host }), 403, `${path} ${Host}`);
    }
  }
  for (const Host of ["127.0.0.1:9696", "localhost", "[::1]:9696"]) {
    assertEquals(await status("/v2.0/ports", { Host }), 200, Host);
  }
});
