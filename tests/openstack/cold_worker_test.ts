/** Lists right after Neutron has started, when its workers have not read anything yet. @module */
import { systemClock } from "../../lib/base/clock.ts";
import { KeystoneAuth } from "../../lib/openstack/keystone.ts";
import { NeutronClient } from "../../lib/openstack/neutron.ts";
import { revisionSchema } from "../../lib/openstack/records.ts";
import { assertEquals } from "../support/assert.ts";
import { testConfig } from "../support/test_config.ts";
import { Bed, CONDUCTOR } from "./support/bed.ts";
import { Scenery } from "./support/scenery.ts";

/** Connections of the REST client outlive the test. */
const LOOSE = { sanitizeOps: false, sanitizeResources: false };

Deno.test("ports are listed whole by a Neutron that has only just started", LOOSE, async () => {
  const bed = await Bed.open();
  await using scenery = await Scenery.create(bed, "cold", 234);
  for (let i = 0; i < 3; i++) await scenery.port("");
  await bed.stop("neutron");
  await bed.start("neutron");
  // Its answer to whoever asks first; it warms nothing up.
  const first = await fetch(`${bed.neutron.baseUrl}/ports?limit=1`, {
    headers: { "X-Auth-Token": await bed.neutron.token() },
  });
  await first.body?.cancel();
  const domain = { id: "default" };
  const credential = {
    method: "password" as const,
    user: { name: CONDUCTOR.username, domain },
    password: CONDUCTOR.password,
    project: { name: CONDUCTOR.project, domain },
  };
  const { keystoneUrl: authUrl, neutronUrl } = bed.at;
  const config = { ...testConfig().openstack, authUrl, neutronUrl, credential, pageSize: 2 };
  using auth = new KeystoneAuth(config, systemClock);
  const said: string[] = [];
  const neutron = new NeutronClient(config, auth, { info: (message) => said.push(message) });
  const { signal } = new AbortController();
  const where = [["network_id", scenery.network.id]] as const;
  const { items } = await neutron.list("ports", revisionSchema, signal, { where });
  const there = await bed.neutron.list(`ports?network_id=${scenery.network.id}`);
  const ids = (some: readonly { id: string }[]) => some.map(({ id }) => id).sort();
  assertEquals(ids(items), ids(there as { id: string }[]));
  // Whoever was asked first may have been another worker, but is as cold as all of them.
  if (first.status === 500) assertEquals(said.length > 0, true, "what was done is said");
});
