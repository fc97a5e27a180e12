/** Links that choose how much of the past the charts show. Pure. @module */
import { Choices } from "../parts.tsx";
import { SAMPLED } from "../spans.ts";
import type { Span } from "./time_window.ts";

const NAMES = Object.keys(SAMPLED) as Span[];

/** The links. */
export function SpanChoices({ chosen, href }: { chosen: Span; href(span: Span): string }) {
  return (
    <Choices
      name="span"
      label="How much of the past"
      of={NAMES.map((name) => [name, `Last ${SAMPLED[name].words}`])}
      chosen={chosen}
      href={href}
    />
  );
}
