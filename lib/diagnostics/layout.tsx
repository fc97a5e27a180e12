/**
 * The document around every page: head, header with navigation, main part, footer. The parts of
 * `<main>` have ids: the page's script replaces those that changed.
 *
 * @module
 */
import type { Child } from "hono/jsx";
import { raw } from "hono/html";
import { clip } from "../base/clip.ts";
import type { Level } from "../health/facts.ts";
import { Badge, Foreign, symbolOf } from "./parts.tsx";
import { TraceSearch } from "./trace_search.tsx";
import { Verdict } from "./sections/verdict_section.tsx";

const MAX_OTHERS = 6;

/** For the window's title and icon. */
export interface WindowState {
  /** Null while the state cannot be read. */
  readonly node: string | null;
  /** Null on the overview. */
  readonly title: string | null;
  readonly level: Level;
}

const ICONS: Readonly<Record<Level, string>> = {
  ok: "/icon.svg",
  warn: "/icon-warn.svg",
  error: "/icon-error.svg",
};

/** The window's title; trouble comes first in it. */
function windowTitle({ node, title, level }: WindowState): string {
  const name = nodeName(node);
  const text = title ? `${title} · ${name}` : `${name} · Calico Conductor`;
  return level === "ok" ? text : `${symbolOf(level)} ${text}`;
}

function nodeName(node: string | null): string {
  return node === null ? "this node" : clip(node, 63);
}

/**
 * How the node is, as the first thing of the main part: for the page's script, which keeps title and icon, and
 * in words on those pages that do not begin with the verdict.
 */
export function NodeState({ state, verdict, others }: {
  state: WindowState;
  /** Null: the page says it itself, or all is well. */
  verdict: string | null;
  /** What else is wrong. */
  others: number;
}) {
  const { level } = state;
  const data = { "data-title": windowTitle(state), "data-icon": ICONS[level] };
  if (verdict === null) return <div id="node-state" hidden {...data}></div>;
  return (
    <div id="node-state" class={`strip ${level}`} {...data}>
      <Badge level={level} />
      <span>
        <Foreign of={verdict} max={300} />
      </span>
      <a href="/">{others > 0 ? `Overview, with ${others} more` : "Overview"}</a>
    </div>
  );
}

/** Another node's page. */
export interface OtherNode {
  readonly name: string;
  readonly page: string;
  readonly leads: boolean;
}

/** The whole document around the main part. */
export function Layout({ pages, state, version, others, place, now, reloadSeconds, children }: {
  /** Those with a label are in the navigation. */
  pages: readonly { readonly path: string; readonly label: string | null }[];
  state: WindowState;
  /** Null while the state cannot be read. */
  version: string | null;
  others: readonly OtherNode[];
  /** The entry of the navigation that this page belongs to. */
  place: string;
  /** Server's time, ms since the epoch. */
  now: number;
  /** Without JavaScript. */
  reloadSeconds: number;
  children?: Child;
}) {
  return (
    <>
      {raw("<!doctype html>")}
      <html lang="en">
        <Head state={state} reloadSeconds={reloadSeconds} />
        <body data-now={String(now)}>
          <a class="skip" href="#main">Skip to the state</a>
          <header>
            <p class="brand">
              Calico Conductor{" "}
              <span class="quiet">
                <Foreign of={version ?? ""} max={40} />
              </span>
            </p>
            <p class="node">
              <Foreign of={nodeName(state.node)} max={63} />
            </p>
            <nav aria-label="Pages">
              {pages.filter(({ label }) => label !== null).map(({ path, label }) => (
                <a href={path} aria-current={path === place ? "page" : undefined}>{label}</a>
              ))}
            </nav>
            <OtherNodes others={others} />
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

function OtherNodes({ others }: { others: readonly OtherNode[] }) {
  if (others.length === 0) return null;
  return (
    <nav class="others" aria-label="Pages of the other nodes">
      <span class="quiet">Also</span>
      {others.slice(0, MAX_OTHERS).map(({ name, page, leads }) => (
        <a href={`${page}/`} rel="noreferrer">
          {`${leads ? "★ " : ""}`}
          <Foreign of={name} max={30} />
        </a>
      ))}
    </nav>
  );
}

function Head({ state, reloadSeconds }: { state: WindowState; reloadSeconds: number }) {
  return (
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="color-scheme" content="light dark" />
      <meta name="referrer" content="same-origin" />
      <title>{windowTitle(state)}</title>
      <link id="icon" rel="icon" href={ICONS[state.level]} type="image/svg+xml" />
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
        The node's state cannot be read (<Foreign
          of={reason}
          max={300}
        />){`. Check the state directory; ` +
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
      <p>
        <Foreign of={what} max={300} />
      </p>
      <p>
        <a href="/">Back to the overview</a>
      </p>
    </section>
  );
}

/** What was asked for and not done. */
export function RefusedMain({ reason }: { reason: Child }) {
  return (
    <section id="refused" aria-labelledby="title">
      <h1 id="title">Not done</h1>
      <p class="problem error">{reason}</p>
      <p>
        <a href="/">Back to the overview</a>
      </p>
    </section>
  );
}
