import { assertEquals, assertRejects } from "../support/assert.ts";
import { systemClock } from "../../lib/base/clock.ts";
import { HttpReporter } from "../../lab/http_reporter.ts";
import { OpenstackError } from "../../lib/openstack/http.ts";
import { Random } from "../../lab/random.ts";
import { reportsApi } from "../../lab/reports_api.ts";
import { seedCloud } from "../../lab/seed.ts";

const { signal } = new AbortController();

Deno.test("what the lab's watchers report arrives in its cloud; a silent lab is asked once", async () => {
  const cloud = seedCloud(new Random(1), { ports: 5, hosts: 2 });
  const api = reportsApi(cloud, new Random(2));
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, api.fetch);
  const reporter = new HttpReporter(`http://127.0.0.1:${server.addr.port}`, systemClock);
  const [port] = cloud.vmPorts();
  const host = String(port!["binding:host_id"]);
  const update = { host, port: port!.id, status: "ERROR" } as const;
  await reporter.reportAgent({ host, start: true }, signal);
  await reporter.reportAgent({ host, start: false }, signal);
  assertEquals([...await reporter.reportPorts(host, [update], signal)], []);
  assertEquals(cloud.list("agents").map((agent) => [agent.host, agent.alive]), [[host, true]]);
  assertEquals(cloud.get("ports", port!.id)!.status, "ERROR");
  assertEquals(cloud.stats, { agentReports: 2, portReports: 1 });
  await server.shutdown();
  await assertRejects(() => reporter.reportAgent({ host, start: false }, signal), OpenstackError);
  const failed = await reporter.reportPorts(host, [update, { ...update, port: "p2" }], signal);
  assertEquals([...failed.keys()], [port!.id, "p2"]);
  assertEquals(failed.get("p2"), failed.get(port!.id));
});
