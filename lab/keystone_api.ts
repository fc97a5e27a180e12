/** A small Keystone v3: password tokens and the list of projects. @module */
import { Hono } from "hono";
import type { Clock } from "../lib/base/clock.ts";
import type { Cloud } from "./model.ts";

const TOKEN_LIFE_MS = 3600_000;

/** Tokens that were issued, and until when they hold. */
export class Tokens {
  readonly #until = new Map<string, number>();
  constructor(readonly clock: Clock) {}

  issue(): { value: string; expiresAt: number } {
    const value = crypto.randomUUID();
    const expiresAt = this.clock.now() + TOKEN_LIFE_MS;
    this.#until.set(value, expiresAt);
    return { value, expiresAt };
  }

  /** Whether a request may pass: without a token everyone is an admin, as with `noauth`. */
  accepts(token: string | undefined): boolean {
    return token === undefined || (this.#until.get(token) ?? 0) > this.clock.now();
  }
}

/** The API below /identity/v3. */
export function keystoneApi(cloud: Cloud, tokens: Tokens, baseUrl: string): Hono {
  const app = new Hono();
  app.post("/auth/tokens", async (c) => {
    const body = await c.req.json().catch(() => null);
    const user = body?.auth?.identity?.password?.user;
    if (user?.name !== "lab" || user?.password !== "lab") {
      const message = "The request you have made requires authentication.";
      return c.json({ error: { code: 401, message, title: "Unauthorized" } }, 401);
    }
    const { value, expiresAt } = tokens.issue();
    c.header("X-Subject-Token", value);
    const service = (type: string, url: string) => ({
      type,
      name: type,
      endpoints: ["public", "internal", "admin"]
        .map((name) => ({ interface: name, region: "RegionOne", url })),
    });
    return c.json({
      token: {
        methods: ["password"],
        issued_at: new Date(expiresAt - TOKEN_LIFE_MS).toISOString(),
        expires_at: new Date(expiresAt).toISOString(),
        user: { name: "lab" },
        project: { name: "admin" },
        roles: [{ name: "admin" }],
        catalog: [
          service("network", baseUrl),
          service("compute", `${baseUrl}/compute/v2.1`),
          service("identity", `${baseUrl}/identity/v3`),
        ],
      },
    }, 201);
  });
  app.get("/projects", (c) => c.json({ projects: cloud.projects }));
  app.get("/projects/:id", (c) => {
    const id = c.req.param("id");
    const project = cloud.projects.find((one) => one.id === id);
    if (project) return c.json({ project });
    const message = `Could not find project: ${id}.`;
    return c.json({ error: { code: 404, message, title: "Not Found" } }, 404);
  });
  return app;
}
