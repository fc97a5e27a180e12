/** What happened on this node, newest first. Pure. @module */
import { Badge, Cut, Empty, Foreign, Section, Time } from "../parts.tsx";
import type { SourcedEvent } from "../../health/facts.ts";

const MAX_EVENTS = 40;

/** The section. */
export function EventsSection({ events, now }: { events: readonly SourcedEvent[]; now: number }) {
  return (
    <Section id="events" title="Latest events">
      {events.length === 0
        ? <Empty>Nothing yet: starts, ends and changes of mastership show here.</Empty>
        : <EventList events={events.slice(0, MAX_EVENTS)} now={now} />}
    </Section>
  );
}

/** Events as a list that scrolls by itself. */
function EventList({ events, now }: { events: readonly SourcedEvent[]; now: number }) {
  return (
    <div class="scroll lines" id="event-list" role="region" aria-label="Events" tabindex={0}>
      <ol class="events">
        {events.map((event) => (
          <li>
            <Time at={event.at} now={now} />
            <Badge level={event.level} word={event.level} />
            <span class="source">
              <Cut of={event.source} max={40} />
            </span>
            <span class="message">
              <Foreign of={event.message} max={500} />
            </span>
          </li>
        ))}
      </ol>
    </div>
  );
}
