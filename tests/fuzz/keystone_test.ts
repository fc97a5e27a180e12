/** Keystone's answers: versions, tokens with their catalogue, projects, and refusals of any service. */
import fc from "fast-check";
import { systemClock } from "../../lib/base/clock.ts";
import { isPeerHost } from "../../lib/base/peer_host.ts";
import { CatalogueError } from "../../lib/openstack/catalogue.ts";
import { endpointsOf } from "../../lib/openstack/endpoints.ts";
import { OpenstackError } from "../../lib/openstack/http.ts";
import { KeystoneAuth } from "../../lib/openstack/keystone.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { testConfig } from "../support/test_config.ts";
import { fuzz } from "./fuzz.ts";
import { damaged, json, oddText, spoilt } from "./inputs.ts";
import { withFetch } from "./with_fetch.ts";

const { signal } = new AbortController();
/** Waiting for the next attempt takes no time. */
const clock = { ...systemClock, sleep: () => Promise.resolve() };
const ASKED = "https://ctl:5000";
const config = {
  ...testConfig().openstack,
  authUrl: ASKED,
  neutronUrl: "",
  novaUrl: null,
  fromCatalogue: { neutron: true, nova: true },
};
const refused = (error: Error) =>
  error instanceof OpenstackError || error instanceof CatalogueError;

const hrefs = fc.oneof(oddText, spoilt("https://ctl:5000/v3/", "http://u:p@elsewhere//other/v3?x"));
const versions = fc.oneof(
  damaged({
    versions: { values: [{ id: "v3.14", links: [{ rel: "self", href: "https://ctl/v3" }] }] },
  }),
  hrefs.map((href) => JSON.stringify({ version: { id: "v3.14", links: [{ rel: "self", href }] } })),
);
const endpoint = (url: string) => ({ interface: "internal", region: "A", region_id: "A", url });
const token = (network: string, compute: string) => ({
  token: {
    expires_at: "2026-11-24T15:02:03.000000Z",
    issued_at: "2026-11-24T14:02:03.000000Z",
    catalog: [
      { type: "network", endpoints: [endpoint(network)] },
      { type: "compute", endpoints: [endpoint(compute)] },
    ],
    project: { name: "service" },
    user: { name: "neutron" },
    roles: [{ name: "admin" }],
  },
});
const tokens = fc.oneof(
  damaged(token("https://net:9696", "https://nova/v2.1")),
  fc.tuple(hrefs, hrefs).map(([network, compute]) => JSON.stringify(token(network, compute))),
);

fuzz(
  "Keystone's versions, token and catalogue",
  fc.tuple(versions, tokens),
  ([list, body]) =>
    withFetch((url) => {
      assertEquals(new URL(url).origin, ASKED);
      if (!url.endsWith("/auth/tokens")) return list;
      return new Response(body, { status: 201, headers: { "X-Subject-Token": "t" } });
    }, async () => {
      using auth = new KeystoneAuth(config, clock);
      const found = await endpointsOf(auth, signal);
      for (const url of [found.authUrl, found.neutronUrl, found.novaUrl]) {
        if (url === null) continue;
        const { protocol, hostname, username } = new URL(url);
        assertEquals([protocol, username], ["https:", ""]);
        assert(isPeerHost(hostname), url);
      }
      return found;
    }),
  refused,
);

fuzz(
  "Keystone's projects",
  damaged(
    { projects: [{ id: "p", name: "n", parent_id: null }], truncated: true },
    { project: { id: "p", name: "n", parent_id: "d" } },
  ),
  (body) =>
    withFetch(() => body, async () => {
      using auth = new KeystoneAuth({ ...config, authUrl: `${ASKED}/v3`, credential: null }, clock);
      await auth.projects.list(signal);
      const all = await auth.projects.including(["a", "b"], signal);
      return [all, auth.projects.refused, auth.projects.trouble];
    }),
  refused,
);

const bodies = fc.oneof(
  damaged(
    { NeutronError: { type: "X", message: "no", detail: "" } },
    { error: { code: 401, message: "no", title: "Unauthorized" } },
    { badRequest: { message: "no" } },
  ),
  json,
  spoilt("<html><head><style>a { b: c }</style></head><body><h1>503</h1><script>x</script></body>"),
);
const statuses = fc.constantFrom(300, 301, 400, 401, 404, 409, 429, 500, 503);
const headers = fc.record({
  "retry-after": fc.constantFrom("", "1", "-1", "1e9", "soon", "Wed, 21 Oct 2026 07:28:00 GMT"),
  location: spoilt("https://u:p@elsewhere/x").map((text) => encodeURI(text.toWellFormed())),
});
fuzz(
  "refusals of OpenStack's services",
  fc.tuple(statuses, bodies, headers),
  ([status, body, named]) =>
    withFetch(() => new Response(body, { status, headers: named }), async () => {
      using auth = new KeystoneAuth({ ...config, authUrl: null, credential: null }, clock);
      const outcome = await auth.fetch("http://net/v2.0/x", signal, () => Promise.resolve("taken"))
        .catch((error) => error);
      assert(outcome instanceof OpenstackError, String(outcome));
      // It has answered, and the message says so.
      assertEquals(outcome.status, status);
      return outcome.message;
    }),
);
