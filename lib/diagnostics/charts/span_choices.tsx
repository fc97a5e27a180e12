/** Links that choose how much of the past the charts show. Pure. @module */
import { Choices } from "../parts.tsx";
import { type SpanName, SPANS } from "../spans.ts";

const NAMES = Object.keys(SPANS) as SpanName[];

/** The links. */
export function SpanChoices({ chosen, href }: { chosen: SpanName; href(span: SpanName): string }) {
  return (
    <Choices
      name="span"
      label="How much of the past"
      of={NAMES.map((name) => [name, `Last ${SPANS[name].words}`])}
      chosen={chosen}
      href={href}
    />
  );
}
