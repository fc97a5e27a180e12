/** The lab's OpenStack in the test's own process, for products that run elsewhere. @module */
import { openstack } from "../../lab/cloud.ts";
import { Tokens } from "../../lab/keystone_api.ts";
import { Random } from "../../lab/random.ts";
import { seedCloud } from "../../lab/seed.ts";
import { systemClock } from "../../lib/base/clock.ts";

/** Keystone, Neutron and Nova on a free port. */
export interface LabOpenStack extends AsyncDisposable {
  readonly url: string;
  /** How a node logs in to it, as variables of its environment. */
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * Serves a cloud with so many ports of VMs on two hosts.
 *
 * @param hostname an address of this machine that whoever runs in a container can reach
 */
export function startLabOpenStack(ports: number, hostname = "127.0.0.1"): LabOpenStack {
  const random = new Random(1);
  const cloud = seedCloud(random, { ports, hosts: 2 });
  let handler: (request: Request) => Response | Promise<Response> = () => new Response();
  const server = Deno.serve(
    { hostname, port: 0, onListen: () => {} },
    (request) => handler(request),
  );
  const url = `http://${hostname}:${server.addr.port}`;
  const app = openstack(cloud, random, new Tokens(systemClock), url);
  handler = (request) => {
    // The lab answers those who call it by a name of loopback, or by none.
    const { url, method, body } = request;
    const headers = new Headers(request.headers);
    headers.delete("host");
    return app.fetch(new Request(url, { method, headers, body }));
  };
  return {
    url,
    environment: {
      CONDUCTOR_AUTH_URL: `${url}/identity/v3`,
      CONDUCTOR_USERNAME: "lab",
      CONDUCTOR_PASSWORD: "lab",
      CONDUCTOR_USER_DOMAIN_NAME: "Default",
      CONDUCTOR_PROJECT_NAME: "admin",
      CONDUCTOR_PROJECT_DOMAIN_NAME: "Default",
    },
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
