// deno-lint-ignore-file jsx-key -- rendered to text once; there is nothing to reconcile
/** The objects of a trace: what is wanted, what etcd has, and what differs. Pure. @module */
import { clip } from "../../base/clip.ts";
import { escapeLines } from "../../base/escape_controls.ts";
import { capitalized, plural } from "../../base/format.ts";
import { changeWords, runWords } from "../../trace/sentences.ts";
import { valueText } from "../../trace/text.ts";
import type { Trace, TracedObject } from "../../trace/trace.ts";
import { Badge, Foreign, Time } from "../parts.tsx";

/** Longest value of an object that is shown, characters of its JSON. */
const MAX_JSON_CHARS = 8000;

const ACTIONS = {
  create: ["error", "missing"],
  update: ["error", "differs"],
  delete: ["error", "not wanted"],
} as const;

/** A list of objects in the order in which they are given. */
export function ObjectList({ objects, trace, now }: {
  objects: readonly TracedObject[];
  trace: Trace;
  now: number;
}) {
  return (
    <ol class="differences">
      {objects.map((object) => <ObjectItem object={object} trace={trace} now={now} />)}
    </ol>
  );
}

function ObjectItem({ object, trace, now }: { object: TracedObject; trace: Trace; now: number }) {
  const { kind, key, subject, modRevision, action, isHeld, changes, moreChanges } = object;
  const [level, word] = action === null ? ["ok", "as wanted"] as const : ACTIONS[action];
  const last = trace.node?.changes.find((each) => each.key === key && each.subject === subject.id);
  return (
    <li>
      <h3>
        <Badge level={level} word={isHeld ? `${word}, held back` : word} />{" "}
        <Foreign of={kind} max={40} />{" "}
        {modRevision === null ? null : <small>{`revision ${modRevision}`}</small>}
      </h3>
      <p class="id quiet">
        <Foreign of={key} max={500} />
      </p>
      {changes.length === 0 ? null : (
        <pre class="diff">
          {changes.map(({ path, before, after }) => (
            <>
              <span class="old">- <Foreign of={path} max={200} />: <bdi>{`${valueText(before)}\n`}</bdi></span>
              <span class="new">+ <Foreign of={path} max={200} />: <bdi>{`${valueText(after)}\n`}</bdi></span>
            </>
          ))}
          {moreChanges > 0 ? <span class="quiet">{`… and ${plural(moreChanges, "more place")}`}</span> : null}
        </pre>
      )}
      {last
        ? (
          <p class="quiet">
            {capitalized(runWords(last))}
            {last.run === null ? " " : (
              <>
                {": "}
                <a href={`/resyncs/${encodeURIComponent(last.run)}`}>
                  <Foreign of={last.run} max={20} />
                </a>
                {" ("}
                <Foreign of={last.reason} max={40} />
                {") "}
              </>
            )}
            <Time at={last.at} now={now} age />
            {": "}
            <Foreign of={changeWords(last)} max={500} />
          </p>
        )
        : null}
      <Values object={object} />
    </li>
  );
}

function Values({ object: { key, wanted, stored, action } }: { object: TracedObject }) {
  const shown = action === null ? [["Value", stored]] : [["Wanted", wanted], ["In etcd", stored]];
  return (
    <details id={`value-${clip(key, 500)}`}>
      <summary>{action === null ? "Value" : "Values"}</summary>
      {shown.map(([name, value]) => (
        <>
          <p class="quiet">{name}</p>
          <pre class="diff"><bdi>{value === null ? "nothing" : jsonText(value)}</bdi></pre>
        </>
      ))}
    </details>
  );
}

function jsonText(value: unknown): string {
  const text = escapeLines(JSON.stringify(value, null, 1));
  return text.length > MAX_JSON_CHARS ? `${text.slice(0, MAX_JSON_CHARS)}…` : text;
}
