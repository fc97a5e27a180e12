/** A page's server whose state is given. @module */
import type { Details } from "../../lib/diagnostics/details.ts";
import type { Status } from "../../lib/health/status.ts";
import { testApp } from "../diagnostics/test_app.ts";

/** A server on loopback; disposing ends it. */
export interface Site extends AsyncDisposable {
  readonly url: string;
  /** Shows another state from now on. */
  show(status: Status): void;
}

/** Serves a state; `port` 0: any that is free. */
export function serveState(status: Status, details: Details, port = 0): Site {
  const stop = new AbortController();
  let current = status;
  const app = testApp({
    readStatus: () => Promise.resolve(current),
    details,
    signal: stop.signal,
    updateIntervalMs: 100,
  });
  const server = Deno.serve(
    { hostname: "127.0.0.1", port, signal: stop.signal, onListen: () => {} },
    (request, { remoteAddr }) => app.fetch(request, { remoteAddr }),
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}/`,
    show: (next) => current = next,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await server.finished;
    },
  };
}
