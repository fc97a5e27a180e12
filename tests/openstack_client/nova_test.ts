import { OpenstackError } from "../../lib/openstack/http.ts";
import { KeystoneAuth } from "../../lib/openstack/keystone.ts";
import { NovaClient } from "../../lib/openstack/nova.ts";
import { systemClock } from "../../lib/base/clock.ts";
import { assertEquals, assertMatch, assertRejects } from "../support/assert.ts";
import { testConfig } from "../support/test_config.ts";

const never = new AbortController().signal;

/** A Nova that answers as told and keeps what it was sent. */
async function withNova(
  answer: (call: number) => Response,
  play: (nova: NovaClient, sent: { path: string; body: unknown }[]) => Promise<void>,
): Promise<void> {
  const sent: { path: string; body: unknown }[] = [];
  await using server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    async (request) => {
      sent.push({
        path: `${request.method} ${new URL(request.url).pathname}`,
        body: await request.json(),
      });
      return answer(sent.length);
    },
  );
  const openstack = { ...testConfig().openstack, authUrl: null };
  using auth = new KeystoneAuth(openstack, systemClock);
  const url = `http://127.0.0.1:${server.addr.port}/v2.1`;
  await play(new NovaClient(url, auth), sent);
}

const event = {
  name: "network-vif-plugged",
  server_uuid: "server-1",
  tag: "port-1",
  status: "completed",
};
const answered = (code: number, status = 207) => () =>
  Response.json({ events: [{ ...event, code }] }, { status });

Deno.test("Nova is sent the event that it documents, and its code is checked", () =>
  withNova(answered(200, 200), async (nova, sent) => {
    assertEquals(await nova.networkVifPlugged("server-1", "port-1", never), { taken: true });
    assertEquals(sent, [{
      path: "POST /v2.1/os-server-external-events",
      body: { events: [event] },
    }]);
  }));

Deno.test("a server that Nova does not know: said in the event or as a whole, never tried again", async () => {
  const refused = { refused: "Nova does not know the server" };
  const whole = () =>
    Response.json({ itemNotFound: { message: "No instances found for any event", code: 404 } }, {
      status: 404,
    });
  for (const answer of [answered(404), whole]) {
    await withNova(answer, async (nova, sent) => {
      assertEquals(await nova.networkVifPlugged("server-1", "port-1", never), refused);
      assertEquals(sent.length, 1);
    });
  }
});

Deno.test("an event that Nova refuses as such is not tried again either", () =>
  withNova(answered(400), async (nova) => {
    const outcome = await nova.networkVifPlugged("server-1", "port-1", never);
    assertMatch("refused" in outcome ? outcome.refused : "", /with 400/);
  }));

Deno.test("a server without a host yet, and an answer without the event, are errors", async () => {
  const other = () => Response.json({ events: [{ ...event, tag: "port-2", code: 200 }] });
  const nonsense = () => Response.json({ events: "none" });
  for (const answer of [answered(422), answered(500), other, nonsense]) {
    await withNova(answer, async (nova) => {
      await assertRejects(
        () => nova.networkVifPlugged("server-1", "port-1", never),
        OpenstackError,
      );
    });
  }
});
