/** Requests to the page and its API: to the routes, and as bytes to the listener. */
import fc from "fast-check";
import { deadline } from "../../lib/base/deadline.ts";
import { openListener } from "../../lib/diagnostics/listener.ts";
import { assert, eventually } from "../support/assert.ts";
import { details } from "../diagnostics/details_fixture.ts";
import { testApp } from "../diagnostics/test_app.ts";
import { fuzz, RUNS } from "./fuzz.ts";
import { damaged, oddText, spoilt } from "./inputs.ts";

/** What was kept may hold anything, too. */
const app = testApp({ details: details(3, "<script>x</script>\u202e") });
/** Every route that there is, and what may be asked of some. */
const PATHS = [
  ...new Set(
    app.routes.filter(({ method, path }) => method !== "ALL" && !path.includes("*"))
      .map(({ path }) => path.replace(":name", "manager").replace(/:\w+/, "m")),
  ),
  ...["/agents?sort=age&page=2&q=h&state=stale", "/api/v1/agents?limit=10&offset=5&sort=-age"],
];
const QUERIES = ["limit", "offset", "sort", "page", "q", "state", "level", "why", "view", "source"];
const queries = fc.oneof(fc.constantFrom(...QUERIES), oddText);
const paths = fc.oneof(
  { arbitrary: spoilt(...PATHS), weight: 4 },
  {
    arbitrary: fc.tuple(fc.constantFrom(...PATHS), queries, oddText).map(([path, name, value]) =>
      `${path}?${encodeURIComponent(name.toWellFormed())}=${
        encodeURIComponent(value.toWellFormed())
      }`
    ),
    weight: 2,
  },
);
const bodies = damaged(
  { pause_seconds: 5 },
  { networks: ["n"], ports: [], security_groups: [], dry_run: true, allow_deletions: false },
  {},
);
const methods = fc.constantFrom("GET", "GET", "GET", "HEAD", "POST", "POST", "PUT", "DELETE");
const hosts = fc.oneof({ arbitrary: fc.constant("localhost"), weight: 8 }, oddText);
const requests = fc.record({
  method: methods,
  path: paths,
  body: bodies,
  type: fc.constantFrom("application/json", "text/plain", "", "application/json; charset=x"),
  host: hosts,
  origin: fc.option(hosts, { freq: 3 }),
});

/** The request as Fetch makes it; null: it cannot be one. */
function made({ method, path, body, type, host, origin }: Drawn): Request | null {
  try {
    const headers = new Headers({ "content-type": type, host });
    if (origin !== null) headers.set("origin", origin);
    const isSent = method !== "GET" && method !== "HEAD";
    return new Request(`http://localhost${path.startsWith("/") ? "" : "/"}${path}`, {
      ...{ method, headers, body: isSent ? body : undefined },
    });
  } catch {
    return null;
  }
}

interface Drawn {
  readonly method: string;
  readonly path: string;
  readonly body: string;
  readonly type: string;
  readonly host: string;
  readonly origin: string | null;
}

fuzz("requests to the page", requests, async (drawn) => {
  const request = made(drawn);
  if (request === null) return;
  const response = await app.request(request, {}, { remoteAddr: { hostname: "127.0.0.1" } });
  assert(response.status !== 500, `${drawn.method} ${drawn.path}: ${response.status}`);
  // A stream of events goes on.
  if (/event-stream/.test(response.headers.get("content-type") ?? "")) {
    return await response.body?.cancel();
  }
  const text = await response.text();
  const isPage = response.headers.get("content-type")?.includes("text/html");
  assert(!isPage || !/<script>[^<]/i.test(text), "what was asked for became a script");
});

const HEAD =
  "POST /api/v1/resync HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
const wires = spoilt(
  "GET /agents?sort=age HTTP/1.1\r\nHost: localhost\r\n\r\n",
  `${HEAD}Content-Length: 2\r\n\r\n{}`,
  `${HEAD}Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`,
);

/** The runtime's sockets keep timers for a moment after the server of theirs has closed. */
const SOCKETS = { sanitizeOps: false, sanitizeResources: false };
const CONNECTIONS = Math.ceil(RUNS / 10);
/** The listener gives up a request after 30 s; whoever waits longer is forgotten, ms. */
const ANSWER_MS = 60_000;

/** One connection each, and several at a time: it is the listener that is tried, not the network. */
Deno.test(`bytes to the page's listener: ${CONNECTIONS} connections`, SOCKETS, async () => {
  let open = 0;
  const fetch = async (request: Request, env: Parameters<typeof app.fetch>[1]) => {
    open++;
    try {
      return await app.fetch(request, env);
    } finally {
      open--;
    }
  };
  await using listener = await openListener(fetch, { host: "127.0.0.1", port: 0, tls: null });
  const send = async (text: string): Promise<string> => {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port: listener.port });
    let isLate = false;
    let answer = "";
    try {
      await connection.write(new TextEncoder().encode(text).subarray(0, 60_000));
      await connection.closeWrite();
      const buffer = new Uint8Array(4096);
      const read = await deadline(connection.read(buffer), ANSWER_MS, () => {
        isLate = true;
        return null;
      });
      answer = new TextDecoder().decode(buffer.subarray(0, read ?? 0));
    } catch { /* it has closed the connection: that is an answer too */ }
    assert(!isLate, `neither answered nor closed: ${JSON.stringify(text.slice(0, 2000))}`);
    return answer;
  };
  const drawn = fc.sample(wires, CONNECTIONS);
  for (let at = 0; at < drawn.length; at += 20) {
    for (const answer of await Promise.all(drawn.slice(at, at + 20).map(send))) {
      assert(answer === "" || /^HTTP\/1\.1 [1-4]\d\d |^HTTP\/1\.1 503 /.test(answer), answer);
    }
  }
  const alive = await send("GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  assert(/^HTTP\/1\.1 [24]\d\d /.test(alive), alive);
  // Who has gone away does not end what was asked for.
  await eventually("all is answered", () => open === 0);
});
