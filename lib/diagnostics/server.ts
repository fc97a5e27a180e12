/**
 * The diagnostics server's listener: waits for its address when another program holds it, says so
 * once and on the page's health, and goes on trying. Its sign of life comes from asking itself.
 *
 * @module
 */
import type { Api } from "./api/openapi.ts";
import type { Config } from "../config_types.ts";
import { hostAndPort } from "../host_addresses.ts";
import { describeError } from "../log.ts";
import type { JobContext } from "../master_context.ts";

const RETRY_MS = 2000;
const CHECK_MS = 1000;

/** Serves until `signal` aborts. Open streams end with the same signal, so that stopping is quick. */
export async function runDiagnostics(
  app: Api,
  address: Config["diagnostics"],
  { log, clock, alive }: JobContext,
  signal: AbortSignal,
): Promise<void> {
  const shown = hostAndPort(address.host, address.port);
  let said = false;
  while (!signal.aborted) {
    try {
      await using _server = serve(app, address);
      log.info("page is up", { url: `http://${shown}` });
      said = false;
      while (!signal.aborted) {
        // The loop that answers requests is the one that must be seen to progress.
        const response = await app.request("/healthz", { headers: { host: shown }, signal });
        await response.body?.cancel();
        alive("serving");
        await clock.sleep(CHECK_MS, signal);
      }
    } catch (error) {
      if (signal.aborted) return;
      const problem = explain(shown, error);
      if (!said) log.error(problem);
      said = true;
      alive("waiting for its address", problem);
      await clock.sleep(RETRY_MS, signal).catch(() => {});
    }
  }
}

function serve(app: Api, { host, port }: Config["diagnostics"]): AsyncDisposable {
  const abort = new AbortController();
  const server = Deno.serve(
    { hostname: host, port, signal: abort.signal, onListen: () => {} },
    app.fetch,
  );
  return {
    async [Symbol.asyncDispose]() {
      abort.abort();
      await server.finished;
    },
  };
}

/** One sentence with the remedy. */
function explain(shown: string, error: unknown): string {
  if (error instanceof Deno.errors.AddrInUse) {
    return `the page cannot listen on ${shown}, which is taken: ` +
      "stop what listens there or choose another with --listen; trying again";
  }
  if (error instanceof Deno.errors.AddrNotAvailable) {
    return `the page cannot listen on ${shown}: this machine has no such address; ` +
      "choose another with --listen";
  }
  return `the page cannot listen on ${shown}: ${describeError(error)}`;
}
