/**
 * The document around every page: head, header with navigation, main part, footer. The parts of
 * `<main>` have ids: the page's script replaces those that changed.
 *
 * @module
 */
import type { Child } from "hono/jsx";
import { raw } from "hono/html";
import { clip } from "../base/clip.ts";
import { TraceSearch } from "./trace_search.tsx";
import { Verdict } from "./sections/verdict_section.tsx";

/** The whole document around the main part. */
export function Layout({ pages, node, version, title, place, now, reloadSeconds, children }: {
  /** Those with a label are in the navigation. */
  pages: readonly { readonly path: string; readonly label: string | null }[];
  /** Null while the state cannot be read. */
  node: string | null;
  version: string | null;
  /** Null on the overview. */
  title: string | null;
  /** The entry of the navigation that this page belongs to. */
  place: string;
  /** Server's time, ms since the epoch. */
  now: number;
  /** Without JavaScript. */
  reloadSeconds: number;
  children?: Child;
}) {
  const name = node === null ? "this node" : clip(node, 63);
  return (
    <>
      {raw("<!doctype html>")}
      <html lang="en">
        <Head
          title={title ? `${title} · ${name}` : `${name} · Calico Conductor`}
          reloadSeconds={reloadSeconds}
        />
        <body data-now={String(now)}>
          <a class="skip" href="#main">Skip to the state</a>
          <header>
            <p class="brand">
              Calico Conductor <span class="quiet">{version ? clip(version, 40) : ""}</span>
            </p>
            <p class="node">{name}</p>
            <nav aria-label="Pages">
              {pages.filter(({ label }) => label !== null).map(({ path, label }) => (
                <a href={path} aria-current={path === place ? "page" : undefined}>{label}</a>
              ))}
            </nav>
            <TraceSearch />
            <p id="live" class="live">
              <noscript>{`Reloads every ${reloadSeconds} s`}</noscript>
            </p>
          </header>
          <main id="main" tabindex={-1}>{children}</main>
          <footer>
            <p id="zone" class="quiet">Times are in UTC.</p>
            <nav aria-label="The same for machines">
              <a href="/api/v1/status">JSON</a>
              <a href="/api/v1/openapi.json">OpenAPI</a>
              <a href="/metrics">Metrics</a>
              <a href="/healthz">Health</a>
              <a href="/readyz">Readiness</a>
            </nav>
          </footer>
        </body>
      </html>
    </>
  );
}

function Head({ title, reloadSeconds }: { title: string; reloadSeconds: number }) {
  return (
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="color-scheme" content="light dark" />
      <title>{title}</title>
      <link rel="icon" href="/icon.svg" type="image/svg+xml" />
      <link rel="stylesheet" href="/app.css" />
      <noscript>
        <meta http-equiv="refresh" content={String(reloadSeconds)} />
      </noscript>
      <script src="/app.js" type="module"></script>
    </head>
  );
}

/** In place of the state when it cannot be read. */
export function ErrorMain({ reason }: { reason: string }) {
  return (
    <>
      <h1 id="title" class="hidden">State not readable</h1>
      <Verdict level="error">
        {`The node's state cannot be read (${clip(reason, 300)}). Check the state directory; ` +
          "this page tries again by itself."}
      </Verdict>
    </>
  );
}

/** A page that does not exist, or whose subject is gone. */
export function MissingMain({ what }: { what: string }) {
  return (
    <section id="missing" aria-labelledby="title">
      <h1 id="title">Not found</h1>
      <p>{clip(what, 300)}</p>
      <p>
        <a href="/">Back to the overview</a>
      </p>
    </section>
  );
}
