/** A Keystone for tests that answers as the real one does, with what a test changes of it. @module */
import { assert } from "../support/assert.ts";

/** What a test may change while it plays. */
export interface FakeKeystone {
  readonly url: string;
  /** Bodies of the requests for tokens. */
  readonly logins: Record<string, unknown>[];
  /** `METHOD /path` of every request. */
  readonly requests: string[];
  /** Tokens below this number are refused. */
  revokedBelow: number;
  readonly answer: {
    password: string;
    /** null: unscoped tokens only. */
    project: string | null;
    catalog: unknown[];
    lifeMs: number;
    projects: { id: string; name: string; parent_id: string | null }[];
    truncated: boolean;
    /** Instead of everything else. */
    override: ((request: Request) => Response | Promise<Response> | null) | null;
  };
}

/** An entry of a catalogue. */
export const service = (
  type: string,
  endpoints: [iface: string, region: string, url: string][],
) => ({
  type,
  name: type,
  endpoints: endpoints.map(([iface, region, url]) => ({
    interface: iface,
    region,
    region_id: region,
    url,
  })),
});

const refused = () =>
  Response.json({
    error: { code: 401, message: "The request you have made requires authentication." },
  }, { status: 401 });

/** Runs a test with one; `tls` serves it over TLS. */
export async function withKeystone(
  play: (keystone: FakeKeystone) => Promise<void>,
  tls?: { cert: string; key: string },
): Promise<void> {
  const answer: FakeKeystone["answer"] = {
    password: "sesame",
    project: "service",
    catalog: [],
    lifeMs: 3_600_000,
    projects: [],
    truncated: false,
    override: null,
  };
  const keystone = { logins: [], requests: [], revokedBelow: 0, answer, url: "" } as {
    -readonly [K in keyof FakeKeystone]: FakeKeystone[K];
  };
  let issued = 0;
  const handler = async (request: Request): Promise<Response> => {
    const { pathname, search } = new URL(request.url);
    keystone.requests.push(`${request.method} ${pathname}${search}`);
    const special = await answer.override?.(request.clone());
    if (special) return special;
    const v3 = { id: "v3.14", links: [{ rel: "self", href: "http://elsewhere:5000/v3/" }] };
    if (pathname === "/") return Response.json({ versions: { values: [v3] } }, { status: 300 });
    if (pathname === "/v3" || pathname === "/v3/") return Response.json({ version: v3 });
    if (pathname === "/v3/auth/tokens") {
      const body = await request.json();
      keystone.logins.push(body);
      return login(body);
    }
    const token = Number(request.headers.get("x-auth-token")?.split("-")[1] ?? -1);
    if (!(token > keystone.revokedBelow)) return refused();
    if (pathname === "/v3/auth/projects") return Response.json({ projects: [{ name: "mine" }] });
    if (pathname === "/v3/projects") {
      const { projects, truncated } = answer;
      return Response.json({ projects: truncated ? projects.slice(0, 1) : projects, truncated });
    }
    const project = answer.projects.find(({ id }) => pathname === `/v3/projects/${id}`);
    if (project) return Response.json({ project });
    if (pathname === "/v2.0/ports") return Response.json({ ports: [{ id: "a" }] });
    return Response.json({ error: { code: 404, message: "Not found" } }, { status: 404 });
  };
  function login(body: { auth: { identity: Json; scope?: { project: { name?: string } } } }) {
    const { identity, scope } = body.auth;
    const user = (identity.password as Json | undefined)?.user as Json | undefined;
    const app = identity.application_credential as Json | undefined;
    const good = [user?.password, app?.secret].includes(answer.password) ||
      (identity.token as Json | undefined)?.id === "given";
    if (!good) return refused();
    if (scope && scope.project.name !== answer.project) return refused();
    // Keystone's clock is hours from ours: only the difference of its two times means anything.
    const at = Date.now() - 7_200_000;
    const expires_at = new Date(at + answer.lifeMs).toISOString();
    const issued_at = new Date(at).toISOString();
    const token = { expires_at, issued_at, catalog: answer.catalog, roles: [{ name: "admin" }] };
    return Response.json({ token }, {
      status: 201,
      headers: { "X-Subject-Token": `token-${++issued}` },
    });
  }
  const options = { port: 0, hostname: "127.0.0.1", onListen: () => {} };
  await using server = tls
    ? Deno.serve({ ...options, ...tls }, handler)
    : Deno.serve(options, handler);
  assert(server.addr.port > 0);
  keystone.url = `${tls ? "https" : "http"}://127.0.0.1:${server.addr.port}`;
  await play(keystone);
}

type Json = Record<string, unknown>;
