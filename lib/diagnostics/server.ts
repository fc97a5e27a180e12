/**
 * The diagnostics server: waits for its address when another program holds it, says so once and on the
 * page's health, and goes on trying. Its heartbeat comes from asking itself. A certificate that
 * changes is used without a restart; one that cannot be used leaves the old one in place.
 *
 * @module
 */
import type { Config } from "../config/config_types.ts";
import { hostAndPort } from "../base/host_and_port.ts";
import { describeError } from "../base/log.ts";
import { Outage } from "../base/outage.ts";
import type { JobContext } from "../role/master_context.ts";
import { withLimitedWarnings } from "../base/rate_limited.ts";
import type { Api } from "./api/openapi.ts";
import { exposureOf } from "./exposure.ts";
import {
  type Listener,
  type ListenerLimits,
  type ListenerOptions,
  openListener,
} from "./listener.ts";
import { pageUrl } from "../config/page_url.ts";
import { logRefusal } from "./refusals.ts";
import { readTlsFiles, type TlsFiles, TlsFilesError } from "./tls_files.ts";

const RETRY_MS = 2000;
const CHECK_MS = 1000;
/** The certificate's files are looked at this often. */
const TLS_CHECKS = 10;

/** Serves until `signal` aborts. Open streams end with the same signal, so that stopping is quick. */
export async function runDiagnostics(
  app: Api,
  config: Config["diagnostics"],
  job: JobContext,
  signal: AbortSignal,
  limits: ListenerLimits = {},
): Promise<void> {
  const { log, clock, alive } = job;
  const shown = hostAndPort(config.host, config.port);
  const options = { ...limits, ...listenerEvents(job) };
  const exposure = exposureOf(config);
  if (exposure !== null) log.warn(exposure, { listen: shown });
  const outage = new Outage("the page can be served again", { log, clock });
  while (!signal.aborted) {
    try {
      const files = config.tls ? await readTlsFiles(config.tls) : null;
      await using listener = await openListener(app.fetch, { ...config, tls: files }, options);
      log.info("page is up", { url: pageUrl(config) });
      outage.succeeded("page");
      await serve(app, { config, listener, files, job, signal });
    } catch (error) {
      if (signal.aborted) return;
      const problem = explain(shown, error);
      outage.failed("page", { message: problem, level: "error" });
      alive("waiting for its address", problem);
      await clock.sleep(RETRY_MS, signal).catch(() => {});
    }
  }
}

/** Logs what the listener refuses and closes, of each kind once a minute. */
function listenerEvents({ log, clock }: JobContext): ListenerOptions {
  const limited = withLimitedWarnings(log, clock);
  return {
    refused: (kind, refused) => logRefusal(limited, kind, refused),
    crowded: (address) => limited.warn("too many connections: one was closed", { address }),
  };
}

interface Serving {
  readonly config: Config["diagnostics"];
  readonly listener: Listener;
  readonly files: TlsFiles | null;
  readonly job: JobContext;
  readonly signal: AbortSignal;
}

/** Shows that the server lives, and follows its certificate, until `signal` aborts. */
async function serve(app: Api, serving: Serving): Promise<void> {
  const { config, job: { alive, clock }, signal } = serving;
  const headers = { host: hostAndPort(config.host, config.port) };
  let { files } = serving;
  let problem: string | null = null;
  for (let turn = 1; !signal.aborted; turn++) {
    // The loop that answers requests is the one that must be seen to progress; this one costs least.
    const response = await app.request("/app.css", { headers, signal }, LOCAL);
    await response.body?.cancel();
    if (files && turn % TLS_CHECKS === 0) ({ files, problem } = await follow(serving, files));
    alive("serving", problem);
    await clock.sleep(CHECK_MS, signal);
  }
}

const LOCAL = { remoteAddr: { hostname: "127.0.0.1" } };

async function follow(
  { config, listener, job: { log } }: Serving,
  used: TlsFiles,
): Promise<{ files: TlsFiles; problem: string | null }> {
  try {
    const files = await readTlsFiles(config.tls!);
    if (files.cert === used.cert && files.key === used.key) return { files: used, problem: null };
    listener.useCertificate(files);
    log.info("the page's certificate has changed and is used from now on", {
      path: config.tls!.cert,
    });
    return { files, problem: null };
  } catch (error) {
    const problem = `the page's new certificate cannot be used: ${describeError(error)}`;
    return { files: used, problem };
  }
}

/** One sentence with the remedy. */
function explain(shown: string, error: unknown): string {
  const code = (error as { code?: string }).code;
  if (code === "EADDRINUSE" || error instanceof Deno.errors.AddrInUse) {
    return `the page cannot listen on ${shown}, which is taken: ` +
      "stop what listens there or choose another with --listen; trying again";
  }
  if (code === "EADDRNOTAVAIL" || error instanceof Deno.errors.AddrNotAvailable) {
    return `the page cannot listen on ${shown}: this machine has no such address; ` +
      "choose another with --listen";
  }
  if (error instanceof TlsFilesError) {
    return `the page has no certificate: ${error.message}; ` +
      "correct --listen-tls-cert and --listen-tls-key; trying again";
  }
  return `the page cannot listen on ${shown}: ${describeError(error)}`;
}
