// deno-lint-ignore-file jsx-key -- rendered to text once; there is nothing to reconcile
/** What the operator reads first: the verdict, the figures beside it, and all else that is wrong. @module */
import type { Child } from "hono/jsx";
import { formatCount, formatDuration } from "../../base/format.ts";
import { Age, Badge, Foreign, Section, Time } from "../parts.tsx";
import type { Level } from "../../health/facts.ts";
import type { Statement, Status } from "../../health/status.ts";
import { runningNow, stepText } from "../../health/resync_findings.ts";
import { calm } from "../../health/calm.ts";
import { agentsNow, portsNow } from "../../health/status_now.ts";

const MAX_FINDINGS = 12;
/** Of a sentence that names what is concerned. */
const MAX_CHARS = 2000;

/** The verdict's frame. Only the sentence is a live region: it changes when the state does. */
export function Verdict({ level, aside, children }: {
  level: Level;
  aside?: Child;
  children?: Child;
}) {
  return (
    <section id="verdict" class={`verdict ${level}`} aria-label="Verdict">
      <Badge level={level} />
      <div>
        <p id="sentence" aria-live="polite">{children}</p>
        {aside}
      </div>
    </section>
  );
}

/** Of the overview. */
export function VerdictSection({ status }: { status: Status }) {
  const { verdict } = status;
  return (
    <Verdict level={verdict.level} aside={<Aside status={status} />}>
      {verdict.level === "ok" ? <Calm status={status} /> : <Sentence said={verdict} />}
    </Verdict>
  );
}

function Calm({ status }: { status: Status }) {
  const { subject, since, rest } = calm(status);
  return (
    <>
      {subject}
      {since === null ? null : (
        <>
          {" since "}
          <Time at={since} now={status.at} short />
        </>
      )}
      {`; ${rest}.`}
    </>
  );
}

function Sentence({ said: { text, link } }: { said: Statement }) {
  return (
    <>
      <Foreign of={text} max={MAX_CHARS} />
      {link ? " " : null}
      {link ? <a class="more" href={link}>Details</a> : null}
    </>
  );
}

/** What the whole sentence says beyond the line that is shown of it. */
function beyond({ text, detail }: Statement): string | undefined {
  return detail?.startsWith(`${text} `) ? detail.slice(text.length + 1) : detail;
}

function Aside({ status }: { status: Status }) {
  const detail = beyond(status.verdict);
  return (
    <>
      {detail
        ? (
          <p class="detail quiet">
            <Foreign of={detail} max={MAX_CHARS} />
          </p>
        )
        : null}
      <Beside status={status} />
    </>
  );
}

/** What moves all the time, and so is not announced. */
function Beside({ status }: { status: Status }) {
  const { isMaster, resyncs, verdict, ready, notReady, at } = status;
  const [agents, ports] = [agentsNow(status), portsNow(status)];
  const last = resyncs.find((resync) => resync.endedAt !== null);
  const lag = agents?.lagMs ?? null;
  const figures = [
    ["Status lag", lag === null ? null : formatDuration(lag)],
    ["Waiting port reports", ports && formatCount(ports.queued)],
    ["Last resync", last && <Age at={last.endedAt!} now={at} />],
    ["Resync now", stepText(runningNow(status))],
  ].filter(([, value]) => isMaster && value);
  return (
    <p class="beside">
      {figures.map(([name, value]) => (
        <span>
          {name} <b>{value}</b>
        </span>
      ))}
      <span>{readyText(ready, verdict.level, notReady)}</span>
    </p>
  );
}

/** A tick only where nothing is red: a node can be ready and yet unable to do its job. */
function readyText(ready: boolean, level: Level, notReady: readonly string[]): string {
  if (!ready) return `▲ Not ready: ${notReady.slice(0, 3).join("; ")}`;
  return level === "error" ? "Ready, with the problem above" : "✓ Ready";
}

/** All that is wrong beside the verdict. */
export function FindingsSection({ findings }: { findings: readonly Statement[] }) {
  const others = findings.slice(1);
  if (others.length === 0) return null;
  return (
    <Section id="findings" title="Also">
      <ul class="findings">
        {others.slice(0, MAX_FINDINGS).map((finding) => (
          <li>
            <Badge level={finding.level} />
            <span>
              <Sentence said={finding} />
              {beyond(finding)
                ? (
                  <small class="quiet">
                    {" "}
                    <Foreign of={beyond(finding)!} max={MAX_CHARS} />
                  </small>
                )
                : null}
            </span>
          </li>
        ))}
        {others.length > MAX_FINDINGS ? <li>{others.length - MAX_FINDINGS} more</li> : null}
      </ul>
    </Section>
  );
}
