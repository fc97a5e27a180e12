/** The stand-in as a process, asked over HTTP as the product asks it. */
import { Child } from "../../bench/child.ts";
import { NeutronCloud } from "../../bench/neutron_cloud.ts";
import { COST } from "../../bench/neutron_workers.ts";
import { assert, assertEquals } from "../support/assert.ts";

const PORTS = 250;
const cloud = new NeutronCloud(PORTS);

async function withServer(play: (url: string) => Promise<void>): Promise<void> {
  await using child = new Child("neutron_server.ts", [String(PORTS), "--costs"]);
  await play(`http://127.0.0.1:${await child.next()}`);
}

// deno-lint-ignore no-explicit-any
async function get(url: string, method = "GET"): Promise<{ status: number; body: any }> {
  const response = await fetch(url, { method });
  return { status: response.status, body: await response.json() };
}

Deno.test("stand-in: pages end as Neutron's do, and go on where an object was deleted", () =>
  withServer(async (url) => {
    const ids: string[] = [];
    let marker = "";
    for (let page = 0; page < 10; page++) {
      const { body } = await get(`${url}/v2.0/ports?limit=100&fields=id${marker}`);
      ids.push(...body.ports.map(({ id }: { id: string }) => id));
      marker = `&marker=${ids.at(-1)}`;
      const more = body.ports_links.some(({ rel }: { rel: string }) => rel === "next");
      if (!more) break;
    }
    assertEquals(ids, Array.from({ length: PORTS }, (_, i) => cloud.portId(i)));
    await get(`${url}/delete?id=${cloud.portId(7)}`, "POST");
    const gone = await get(`${url}/v2.0/ports?limit=5&marker=${cloud.portId(7)}`);
    assertEquals(gone.status, 404);
    const { body } = await get(`${url}/v2.0/ports?limit=2&fields=id&marker=${cloud.portId(6)}`);
    assertEquals(body.ports, [{ id: cloud.portId(8) }, { id: cloud.portId(9) }]);
    const subnets = await get(`${url}/v2.0/subnets?limit=1&fields=id&marker=unknown`);
    assertEquals(subnets.body.subnets, [{ id: cloud.collections.subnets!.idOf(0) }]);
  }));

Deno.test("stand-in: it has all that the product asks it for", () =>
  withServer(async (url) => {
    const { body } = await get(`${url}/v2.0/extensions`);
    const found = body.extensions.map(({ alias }: { alias: string }) => alias);
    for (const alias of ["pagination", "sorting", "binding"]) assert(found.includes(alias), alias);
  }));

Deno.test("stand-in: a change shows, by id and in the list, and costs a worker its time", () =>
  withServer(async (url) => {
    await get(`${url}/workers?count=1`, "POST");
    const [id] = (await get(`${url}/change?count=1`, "POST")).body;
    const [one] = (await get(`${url}/v2.0/ports?id=${id}`)).body.ports;
    assertEquals([one.id, one.revision_number], [id, 2]);
    await get(`${url}/status?id=${id}&status=DOWN`, "POST");
    const list = (await get(`${url}/v2.0/ports?limit=1000&fields=id&fields=status`)).body.ports;
    assertEquals(list.filter(({ status }: { status: string }) => status === "DOWN"), [
      { id, status: "DOWN" },
    ]);
    const { busyMs, requests, clients } = (await get(`${url}/load`)).body;
    const expected = COST.request + COST.whole + PORTS * COST.narrow;
    assert(Math.abs(busyMs[0] - expected) < 0.001, `${busyMs[0]} instead of ${expected}`);
    assertEquals(requests, { "ports by id": 1, ports: 1 });
    assertEquals([clients.conductor.peak, clients.conductor.answers], [1, 2]);
  }));
