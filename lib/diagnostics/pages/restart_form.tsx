/**
 * The button on a role's page that restarts it: a form, so that it works without JavaScript. Who may
 * press it is who may ask the API for the same; what keeps other sites' pages from pressing it stands
 * in `authorize.ts`.
 *
 * @module
 */
import type { Context } from "hono";
import type { Child } from "hono/jsx";
import { describeError, type Log } from "../../base/log.ts";
import { RestartRefusedError, UnknownRoleError } from "../../state/restart_request.ts";
import type { ActionDeps } from "../api/action_routes.ts";
import { authorizeForm, limitBody } from "../api/authorize.ts";
import type { Api } from "../api/openapi.ts";
import { peer, whyNotLocal } from "../peer.ts";

/** Whether who asks may act: by asking, with the token, or not at all. */
export type MayAct = "yes" | "with-token" | "no";

/** Whether who asks may act. */
export function mayAct(c: Context, token: string | null): MayAct {
  if (token !== null) return "with-token";
  return whyNotLocal(c) === null ? "yes" : "no";
}

/** The form, or who may restart the role. */
export function RestartForm({ role, may }: { role: string; may: MayAct }) {
  if (may === "no") {
    return (
      <p class="quiet">
        It can be restarted from this machine, at localhost and through no proxy, or with a token.
      </p>
    );
  }
  return (
    <form class="filter" id="restart" method="post" action={`/roles/${role}/restart`}>
      {may === "with-token"
        ? (
          <label>
            API token{" "}
            <input
              id="restart-token"
              name="token"
              type="password"
              autocomplete="off"
              maxlength={1000}
              required
            />
          </label>
        )
        : null}
      <button id="restart-go" type="submit">Restart {role}</button>
    </form>
  );
}

/** What the route needs. */
export interface RestartDeps {
  readonly actions: Pick<ActionDeps, "token" | "restart">;
  readonly log: Log;
}

/** A page in the usual frame that says why something was not done. */
export type Refuse = (
  c: Context,
  code: 401 | 403 | 404 | 409 | 503,
  reason: Child,
) => Promise<Response>;

/** Adds the route that the form leads to; it answers with the role's page. */
export function addRestartForm(app: Api, { actions, log }: RestartDeps, refuse: Refuse): void {
  app.post("/roles/:name/restart", limitBody(log), async (c) => {
    const form = await c.req.parseBody().catch(() => ({} as Record<string, unknown>));
    const refusal = authorizeForm(c, { token: actions.token, log }, form.token);
    if (refusal) return await refuse(c, refusal.code, refusal.error);
    const name = c.req.param("name");
    const by = `the page from ${peer(c) ?? "an unknown address"}`;
    try {
      await actions.restart(name, by);
      log.info("restart of a role was asked for", { by, name });
      return c.redirect(`/roles/${encodeURIComponent(name)}`, 303);
    } catch (error) {
      const code = error instanceof UnknownRoleError
        ? 404
        : error instanceof RestartRefusedError
        ? 409
        : 503;
      return await refuse(c, code, describeError(error));
    }
  });
}
