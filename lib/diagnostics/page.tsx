/**
 * The page: pure components from a status to HTML, every value escaped and every list bounded. The
 * parts of `<main>` have ids: the page's script replaces those that changed.
 *
 * @module
 */
import type { Child } from "hono/jsx";
import { raw } from "hono/html";
import { clip } from "./format.ts";
import { Badge, Figure, Section, Time } from "./parts.tsx";
import { ClusterSection } from "./cluster_section.tsx";
import { AgentsSection, EventsSection, PortsSection, RolesSection } from "./sections.tsx";
import { ResyncsSection } from "./resync_section.tsx";
import type { Level, Status } from "./status_schema.ts";

const MAX_FINDINGS = 12;

/** The whole document around the main part. */
export function Page({ name, version, now, children }: {
  name: string | null;
  version: string | null;
  /** Server's time, ms since the epoch. */
  now: number;
  children?: Child;
}) {
  const title = name ? clip(name, 63) : "this node";
  return (
    <>
      {raw("<!doctype html>")}
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <meta name="color-scheme" content="light dark" />
          <title>{`${title} · Calico Conductor`}</title>
          <link rel="icon" href="/icon.svg" type="image/svg+xml" />
          <link rel="stylesheet" href="/app.css" />
          <noscript>
            <meta http-equiv="refresh" content="5" />
          </noscript>
          <script src="/app.js" defer></script>
        </head>
        <body data-now={String(now)}>
          <a class="skip" href="#main">Skip to the state</a>
          <header>
            <p class="brand">Calico Conductor</p>
            <h1>{title}</h1>
            {version ? <p class="version">{clip(version, 40)}</p> : null}
            <p id="live" role="status" class="live">
              <noscript>Reloads every 5 s</noscript>
            </p>
          </header>
          <main id="main" tabindex={-1}>{children}</main>
          <footer>
            <nav aria-label="The same for machines">
              <a href="/api/v1/status">JSON</a>
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

/** Everything that changes. */
export function StatusMain({ status }: { status: Status }) {
  return (
    <>
      <Verdict level={status.verdict.level} text={status.verdict.text} />
      <Findings status={status} />
      <MastershipSection status={status} />
      <ClusterSection cluster={status.cluster} compaction={status.compaction} now={status.at} />
      <RolesSection roles={status.roles} now={status.at} />
      <ResyncsSection resyncs={status.resyncs} isMaster={status.isMaster} now={status.at} />
      <AgentsSection agents={status.agents} isMaster={status.isMaster} now={status.at} />
      <PortsSection ports={status.ports} isMaster={status.isMaster} now={status.at} />
      <EventsSection events={status.events} now={status.at} />
    </>
  );
}

/** In place of the state when it cannot be read. */
export function ErrorMain({ reason }: { reason: string }) {
  return (
    <Verdict
      level="error"
      text={`The node's state cannot be read (${clip(reason, 300)}). Check the state directory; ` +
        "this page tries again by itself."}
    />
  );
}

function Verdict({ level, text }: { level: Level; text: string }) {
  return (
    <section id="verdict" class={`verdict ${level}`} aria-label="Verdict" aria-live="polite">
      <Badge level={level} />
      <p>{text}</p>
    </section>
  );
}

function Findings({ status }: { status: Status }) {
  const others = status.findings.slice(1);
  if (others.length === 0) return null;
  return (
    <Section id="findings" title="Also">
      <ul class="findings">
        {others.slice(0, MAX_FINDINGS).map((finding) => (
          <li>
            <Badge level={finding.level} />
            <span>{finding.text}</span>
          </li>
        ))}
        {others.length > MAX_FINDINGS ? <li>{others.length - MAX_FINDINGS} more</li> : null}
      </ul>
    </Section>
  );
}

function MastershipSection({ status }: { status: Status }) {
  const { isMaster, leader, election, mastership, at, since, node } = status;
  return (
    <Section id="mastership" title="Mastership">
      <dl class="figures">
        <Figure name="This node" level={isMaster ? "ok" : undefined}>
          {isMaster ? "★ Master " : "Standing by "}
          {since !== null
            ? (
              <>
                since <Time at={since} now={at} age />
              </>
            )
            : null}
        </Figure>
        <Figure name="Leader" level={leader === null ? "error" : undefined}>
          {leader === null ? "none known" : clip(leader, 120)}
        </Figure>
        <Figure name="Election">{election?.state ?? "not known yet"}</Figure>
        <Figure name="Term">{clip(election?.term ?? mastership?.term ?? "–", 40)}</Figure>
        <Figure name="Ready" level={status.ready ? "ok" : "warn"}>
          {status.ready ? "✓ yes" : `▲ no: ${clip(status.notReady.join("; "), 300)}`}
        </Figure>
        {node.startedAt !== null
          ? (
            <Figure name="Node started">
              <Time at={node.startedAt} now={at} age />
            </Figure>
          )
          : null}
      </dl>
    </Section>
  );
}
